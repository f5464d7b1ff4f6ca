using System.Text;
using System.Text.Json.Nodes;
using MoeSharp.Formats;
using MoeSharp.Formats.Pairs;
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
        (byte[] Json, Family Family)? published = Published(model);
        Family family = published?.Family.SavedAs ?? FamilyCatalogue.Choose(model.Config, model.Family?.SavedAs);
        bool hasPairs = HasPairs(model, family, options.Recipe);
        BlockFormat matrices = MatricesOf(model, options.Recipe, hasPairs);
        RefuseModel(folder, options);
        List<PlannedTensor> tensors = ModelConverter.Bound(model, family.Map(model.Config, hasPairs ? FolderWeights.IsPair : null));
        BlockFormat[] formats = [.. tensors.Select(tensor => FormatOf(tensor, matrices, model.Config, options.Recipe is null, cancellation))];

        Directory.CreateDirectory(folder);
        List<QuantizedTensor> report = FolderWeights.Write(folder, tensors, formats, options, cancellation);
        var notes = new List<string>();
        WriteFiles(model, folder, FamilyConfig(model, published?.Json, family, matrices, hasPairs), notes);
        return new ConversionReport(folder, family.ModelType, report, notes);
    }

    // Experts are published as blocks and scales where they are stored so, or where that is asked for.
    private static bool HasPairs(StoredModel model, Family family, QuantizationRecipe? recipe)
    {
        if (family.PairQuantization is null || model.Config.Experts is not { } experts)
        {
            return false;
        }

        if (recipe is not null)
        {
            bool fits = model.Config.HiddenSize % Mxfp4Pair.BlockLength == 0 && experts.IntermediateSize % Mxfp4Pair.BlockLength == 0;
            return recipe.Format.Name == "MXFP4" && (fits ? true : throw new ArgumentException(
                $"convert: experts of {model.Config.HiddenSize} × {experts.IntermediateSize} are no whole blocks of MXFP4 ({Mxfp4Pair.BlockLength}). Choose BF16."));
        }

        return ModelConverter.Bound(model, family.Map(model.Config, FolderWeights.IsPair))
            .Where(tensor => FolderWeights.IsPair(tensor.Name)).All(tensor => tensor.StoredAs == StoredType.MXFP4);
    }

    private static BlockFormat MatricesOf(StoredModel model, QuantizationRecipe? recipe, bool hasPairs)
    {
        if (recipe is not null && !hasPairs)
        {
            return recipe.Format.IsFloat ? recipe.Format : throw new ArgumentException(
                $"convert: safetensors hold F32, BF16 or F16, not {recipe.Name}. Choose one of these, or a destination that ends in .gguf.");
        }

        StoredType? largest = model.Source.Tensors.Where(tensor => !hasPairs || tensor.Type != StoredType.MXFP4)
            .GroupBy(tensor => tensor.Type).MaxBy(group => group.Sum(tensor => tensor.ElementCount))?.Key;
        return largest?.Format() switch
        {
            { Name: "F32" } when recipe is not null => BlockFormats.BF16, // as the rest of a model is published beside MXFP4
            { IsFloat: true, CanQuantize: true } format => format,
            null or { IsFloat: true } => BlockFormats.BF16, // 8-bit floats with scales, as published models of 8 bits are computed with
            _ => BlockFormats.F32, // nothing of a block format's values is lost
        };
    }

    // A folder's vectors and routers have the type of its matrices; where that would lose something, F32. Large floats of another type
    // keep it, unless one type is asked for.
    private static BlockFormat FormatOf(
        PlannedTensor tensor, BlockFormat matrices, DecoderConfig config, bool keepsTypes, CancellationToken cancellation)
    {
        if (FolderWeights.IsPair(tensor.Name))
        {
            return BlockFormats.Find("MXFP4")!;
        }

        if (matrices == BlockFormats.F32 || tensor.StoredAs?.Format() == matrices)
        {
            return matrices;
        }

        bool isSmall = tensor.Shape.Count(size => size > 1) < 2 || tensor.Shape[0] == (config.Experts?.ExpertCount ?? 0)
            || tensor.Name.Contains("router", StringComparison.Ordinal);
        if (isSmall && tensor.Length < 1 << 24)
        {
            return Holds(matrices, tensor, cancellation) ? matrices : BlockFormats.F32;
        }

        return keepsTypes && tensor.StoredAs?.Format() is { IsFloat: true, CanQuantize: true } own ? own : matrices;
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
    private static byte[] FamilyConfig(StoredModel model, byte[]? published, Family family, BlockFormat matrices, bool hasPairs)
    {
        string type = matrices.Name switch
        {
            "BF16" => "bfloat16",
            "F16" => "float16",
            _ => "float32",
        };
        if (published is null || JsonNode.Parse(published) is not JsonObject json || json.ContainsKey("quantization_config") != hasPairs
            || json["model_type"]?.GetValue<string>() != family.ModelType)
        {
            string written = FamilyCatalogue.Write(family, model.Config, type);
            if (hasPairs)
            {
                JsonNode withPairs = JsonNode.Parse(written)!;
                withPairs["quantization_config"] = family.PairQuantization;
                written = withPairs.ToJsonString(FamilyCatalogue.Indented) + "\n";
            }

            return Encoding.UTF8.GetBytes(written);
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
