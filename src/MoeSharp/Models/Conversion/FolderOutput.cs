using System.Text;
using System.Text.Json.Nodes;
using MoeSharp.Formats;
using MoeSharp.Formats.Safetensors;
using MoeSharp.Models.Decoding;
using MoeSharp.Models.Decoding.Families;
using MoeSharp.Models.Decoding.Gguf;
using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Models.Conversion;

/// <summary>Writes a model as a Hugging Face folder: safetensors, configuration, tokenizer.</summary>
/// <remarks>Weights come first and <c>config.json</c> last, each under its name when it is complete: a folder without it is no model.</remarks>
internal static class FolderOutput
{
    private static readonly string[] s_typeKeys = ["dtype", "torch_dtype"];

    /// <summary>Writes the folder.</summary>
    public static ConversionReport Write(StoredModel model, string folder, ConversionOptions options, CancellationToken cancellation)
    {
        BlockFormat matrices = MatricesOf(model, options);
        (byte[] Json, Family Family)? published = Published(model);
        Family family = published?.Family.SavedAs ?? FamilyCatalogue.Choose(model.Config, model.Family?.SavedAs);
        RefuseModel(folder, options);
        List<PlannedTensor> tensors = ModelConverter.Bound(model, family.Map(model.Config));
        BlockFormat[] formats = [.. tensors.Select(tensor => FormatOf(tensor, matrices, model.Config, cancellation))];

        Directory.CreateDirectory(folder);
        if (options.Overwrites)
        {
            // The old configuration goes first: until the new one stands there, the folder is no model.
            File.Delete(Path.Combine(folder, DecoderFolder.ConfigName));
            File.Delete(Path.Combine(folder, SafetensorsModel.IndexName));
        }

        List<QuantizedTensor> report = WriteWeights(Path.Combine(folder, SafetensorsModel.FileName), tensors, formats, options, cancellation);
        var notes = new List<string>();
        WriteFiles(model, folder, FamilyConfig(model, published?.Json, family, matrices), notes);
        return new ConversionReport(folder, family.ModelType, report, notes);
    }

    private static BlockFormat MatricesOf(StoredModel model, ConversionOptions options)
    {
        if (options.Recipe is { } recipe)
        {
            return recipe.Format.IsFloat ? recipe.Format : throw new ArgumentException(
                $"convert: safetensors hold F32, BF16 or F16, not {recipe.Name}. Choose one of these, or a destination that ends in .gguf.");
        }

        StoredType largest = model.Source.Tensors.GroupBy(tensor => tensor.Type).MaxBy(group => group.Sum(tensor => tensor.ElementCount))!.Key;
        return largest.Format() switch
        {
            { IsFloat: true, CanQuantize: true } format => format,
            null or { IsFloat: true } => BlockFormats.BF16, // 8-bit floats with scales, as published models of 8 bits are computed with
            _ => BlockFormats.F32, // nothing of a block format's values is lost
        };
    }

    // A folder's vectors and routers have the type of its matrices; where that would lose something, F32.
    private static BlockFormat FormatOf(PlannedTensor tensor, BlockFormat matrices, DecoderConfig config, CancellationToken cancellation)
    {
        if (matrices == BlockFormats.F32 || tensor.StoredAs?.Format() == matrices)
        {
            return matrices;
        }

        bool isSmall = tensor.Shape.Count(size => size > 1) < 2 || tensor.Shape[0] == (config.Experts?.ExpertCount ?? 0)
            || tensor.Name.Contains("router", StringComparison.Ordinal);
        return isSmall && tensor.Length < 1 << 24 && !Holds(matrices, tensor, cancellation) ? BlockFormats.F32 : matrices;
    }

    private static bool Holds(BlockFormat format, PlannedTensor tensor, CancellationToken cancellation)
    {
        byte[] bytes = [];
        float[] back = [];
        foreach (ValuePiece piece in tensor.Pieces())
        {
            cancellation.ThrowIfCancellationRequested();
            Span<float> values = piece.Values.Span;
            bytes = bytes.Length >= values.Length * 2 ? bytes : new byte[values.Length * 2];
            back = back.Length >= values.Length ? back : new float[values.Length];
            format.Quantize(values, bytes.AsSpan(0, values.Length * 2));
            format.Dequantize(bytes.AsSpan(0, values.Length * 2), back.AsSpan(0, values.Length));
            if (!values.SequenceEqual(back.AsSpan(0, values.Length)))
            {
                return false;
            }
        }

        return true;
    }

    private static void RefuseModel(string folder, ConversionOptions options)
    {
        if (File.Exists(folder))
        {
            throw new IOException($"{folder}: is a file. Name a folder, or a file that ends in .gguf.");
        }

        if (!options.Overwrites && (File.Exists(Path.Combine(folder, DecoderFolder.ConfigName))
            || File.Exists(Path.Combine(folder, SafetensorsModel.FileName)) || File.Exists(Path.Combine(folder, SafetensorsModel.IndexName))))
        {
            throw new IOException($"{folder}: holds a model already. Choose another folder, or allow replacing it (--force).");
        }
    }

    private static List<QuantizedTensor> WriteWeights(
        string path, List<PlannedTensor> tensors, BlockFormat[] formats, ConversionOptions options, CancellationToken cancellation)
    {
        var report = new List<QuantizedTensor>();
        long total = tensors.Sum(tensor => tensor.Length), done = 0;
        var quantizer = new RowQuantizer(options.Workers ?? Tensors.Workers.Default);
        using var writer = new SafetensorsWriter(
            path, tensors.Select((tensor, i) => new SafetensorsEntry(tensor.Name, StoredTypeFacts.OfFormat(formats[i]), [.. tensor.Shape])));
        for (int i = 0; i < tensors.Count; i++)
        {
            PlannedTensor tensor = tensors[i];
            QuantizationError error = default;
            foreach (ValuePiece piece in tensor.Pieces())
            {
                cancellation.ThrowIfCancellationRequested();
                if (formats[i] != BlockFormats.F32)
                {
                    quantizer.Run(formats[i], piece.Values, 0, piece.Values.Length, checked((int)tensor.Columns), [], out QuantizationError lost);
                    error += lost;
                }

                writer.Write(tensor.Name, piece.Values);
                options.Progress?.Report(new ConversionProgress(tensor.Name, done + piece.First + piece.Values.Length, total));
            }

            done += tensor.Length;
            report.Add(new QuantizedTensor(
                tensor.Name, tensor.Part, tensor.StoredAs?.Name() ?? "several types", formats[i].Name, tensor.Length, tensor.StoredBytes,
                formats[i].BytesOf(tensor.Length), error, null));
        }

        cancellation.ThrowIfCancellationRequested();
        writer.Commit();
        return report;
    }

    private static void WriteFiles(StoredModel model, string folder, byte[] config, List<string> notes)
    {
        foreach (string name in SideFiles.Names)
        {
            byte[]? content = name == DecoderFolder.ConfigName ? config : model.ReadFile(name);
            content ??= name switch
            {
                SideFiles.ChatTemplate => model.ReadFile(SideFiles.TokenizerConfig) is null && model.ReadChatTemplate() is { } template
                    ? Encoding.UTF8.GetBytes(template)
                    : null,
                GenerationConfig.FileName => model.Config.EndTokens.Count > 0
                    ? Encoding.UTF8.GetBytes(GenerationConfig.Write(model.Config, model.Config.EndTokens))
                    : null,
                _ => null,
            };
            if (content is not null)
            {
                AtomicFile.WriteAllBytes(Path.Combine(folder, name), content);
            }
            else if (name == SideFiles.Tokenizer && !FolderTokenizer.Write(model, folder))
            {
                notes.Add("the model has no tokenizer: the new folder takes token ids only.");
            }
        }
    }

    // The published configuration word for word, where it is at hand; only the type of numbers may change.
    private static byte[] FamilyConfig(StoredModel model, byte[]? published, Family family, BlockFormat matrices)
    {
        string type = matrices.Name switch
        {
            "BF16" => "bfloat16",
            "F16" => "float16",
            _ => "float32",
        };
        if (published is null || JsonNode.Parse(published) is not JsonObject json || json.ContainsKey("quantization_config")
            || json["model_type"]?.GetValue<string>() != family.ModelType)
        {
            return Encoding.UTF8.GetBytes(FamilyCatalogue.Write(family, model.Config, type));
        }

        string key = Array.Find(s_typeKeys, json.ContainsKey) ?? s_typeKeys[1];
        if (json[key] is JsonValue value && value.TryGetValue(out string? known) && known == type)
        {
            return published;
        }

        json[key] = type;
        return Encoding.UTF8.GetBytes(json.ToJsonString(FamilyCatalogue.Indented) + "\n");
    }

    // The configuration that the model was published with, as long as it still says the model.
    private static (byte[] Json, Family Family)? Published(StoredModel model)
    {
        if (model.ReadFile(DecoderFolder.ConfigName) is not { } json)
        {
            return null;
        }

        try
        {
            (Family family, DecoderConfig config) = FamilyCatalogue.Parse(json, DecoderFolder.ConfigName);
            return model.Layout is null || GgufLayout.SaysTheSame(config, model.Config) ? (json, family) : null;
        }
        catch (Exception fault) when (fault is ModelFormatException or ConfigException)
        {
            return null;
        }
    }
}
