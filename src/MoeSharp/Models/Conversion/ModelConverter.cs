using MoeSharp.Formats;
using MoeSharp.Formats.Gguf;
using MoeSharp.Models.Decoding;
using MoeSharp.Models.Decoding.Families;
using MoeSharp.Models.Decoding.Gguf;

namespace MoeSharp.Models.Conversion;

/// <summary>Writes a published model in another layout or in other formats: safetensors, GGUF, quantised or not.</summary>
/// <remarks>
/// <para>Tensor by tensor, and of each a few megabytes at a time (one matrix where rows are permuted or transposed): a model need not fit
/// into memory. Files appear under their names when they are complete, and a folder gets its <c>config.json</c> last.</para>
/// <para>F32, BF16 and F16 survive any number of conversions bit for bit. Routers, norms, biases and sinks are F32 in a GGUF file; in
/// safetensors they have the type of the matrices where that loses nothing, otherwise F32.</para>
/// </remarks>
public static class ModelConverter
{
    private const string GgufExtension = ".gguf";
    private const string TypeKey = "general.file_type";

    /// <summary>True when a destination will be one GGUF file, false when it will be a folder.</summary>
    public static bool IsGguf(string destination) => destination.EndsWith(GgufExtension, StringComparison.OrdinalIgnoreCase);

    /// <summary>Converts.</summary>
    /// <param name="model">The model.</param>
    /// <param name="destination">A file that ends in <c>.gguf</c>, or a folder, which is made.</param>
    /// <param name="options">How; null keeps every number as it is stored.</param>
    /// <param name="cancellation">Ends between pieces; nothing that looks complete stays.</param>
    /// <exception cref="ModelFormatException">The source breaks its format or has damaged weights.</exception>
    /// <exception cref="ConfigException">The other layout cannot say the model's configuration.</exception>
    /// <exception cref="ArgumentException">The recipe's formats cannot be stored in the destination.</exception>
    /// <exception cref="IOException">There is a model at the destination, or the disk is full.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static ConversionReport Convert(
        StoredModel model, string destination, ConversionOptions? options = null, CancellationToken cancellation = default)
    {
        options ??= new ConversionOptions();
        DecoderWeights.Require(model.Map, model.Source);
        return IsGguf(destination)
            ? ToGguf(model, destination, options, cancellation)
            : FolderOutput.Write(model, destination, options, cancellation);
    }

    private static ConversionReport ToGguf(StoredModel model, string destination, ConversionOptions options, CancellationToken cancellation)
    {
        RecipeFacts facts = RecipeFacts.Of(model.Config, options.Importance is not null);
        GgufLayout layout = model.Layout ?? GgufLayouts.Choose(model.Config, model.Family);
        List<PlannedTensor> tensors = model.Gguf is { } gguf
            ? Copies(model, gguf)
            : [.. GgufLayout.ConstantsOf(model.Config).Select(tensor => new ConstantTensor(tensor.Name, tensor.Values)), .. Bound(model, layout.Map(model.Config))];
        var output = new GgufOutput(tensors, facts, options);
        IReadOnlyList<string> paths = output.PathsOf(destination);
        if (paths.FirstOrDefault(File.Exists) is { } existing && !options.Overwrites)
        {
            throw new IOException($"{existing}: is there already. Choose another name, or allow replacing it (--force).");
        }

        var notes = new List<string>();
        GgufMetadata metadata = model.Gguf is { } source ? CopyOf(source.Values) : NewMetadata(model, layout, notes);
        metadata.Set("general.quantization_version", GgufValue.Of(2u));
        if (options.Recipe is { } recipe)
        {
            metadata.Set(TypeKey, GgufValue.Of((uint)recipe.FileType));
        }
        else if (!metadata.Has(TypeKey))
        {
            metadata.Set(TypeKey, GgufValue.Of((uint)FileTypeOf(tensors)));
        }

        if (output.HasSingleExperts)
        {
            notes.Add("experts of some layers have formats of their own, one matrix an expert: MoeSharp loads this file, llama.cpp does not.");
        }

        List<QuantizedTensor> report = output.Write(destination, metadata, cancellation);
        return new ConversionReport(paths[0], layout.Architecture, report, notes);
    }

    /// <summary>Tensors of a GGUF file, those that this library has no use for included.</summary>
    private static List<PlannedTensor> Copies(StoredModel model, GgufFile file)
    {
        var reader = new WeightReader(model.Map, file);
        Dictionary<string, string?> parameters = model.Map.Bindings.ToDictionary(
            binding => binding.Tensor, binding => new BoundTensor(reader, binding).Parameter, StringComparer.Ordinal);
        return [.. file.Tensors.Select(tensor => new CopiedTensor(file, tensor, parameters.GetValueOrDefault(tensor.Name)))];
    }

    /// <summary>Tensors of another layout.</summary>
    internal static List<PlannedTensor> Bound(StoredModel model, WeightMap map)
    {
        var reader = new WeightReader(model.Map, model.Source);
        return [.. map.Bindings.Select(binding => new BoundTensor(reader, binding))];
    }

    private static GgufMetadata NewMetadata(StoredModel model, GgufLayout layout, List<string> notes)
    {
        var metadata = new GgufMetadata();
        metadata.Set(GgufMetadata.ArchitectureKey, GgufValue.Of(layout.Architecture));
        metadata.Set("general.type", GgufValue.Of("model"));
        metadata.Set("general.name", GgufValue.Of(Path.GetFileName(Path.TrimEndingDirectorySeparator(model.Path))));
        notes.AddRange(GgufVocabularyOutput.Write(model, metadata));
        layout.Write(model.Config, metadata);
        SideFiles.Keep(model, metadata);
        return metadata;
    }

    // Of a split file the parts become one.
    private static GgufMetadata CopyOf(GgufMetadata source)
    {
        var metadata = new GgufMetadata();
        foreach (string key in source.Keys.Where(key => !key.StartsWith("split.", StringComparison.Ordinal)))
        {
            source.TryFind(key, out GgufValue? value);
            metadata.Set(key, value!);
        }

        return metadata;
    }

    private static int FileTypeOf(List<PlannedTensor> tensors)
    {
        StoredType? largest = tensors.GroupBy(tensor => tensor.StoredAs).MaxBy(group => group.Sum(tensor => tensor.Length))?.Key;
        return largest is { } type && QuantizationRecipe.Names.Contains(type.Name(), StringComparer.Ordinal)
            ? QuantizationRecipe.Parse(type.Name(), pure: true).FileType
            : QuantizationRecipe.Bf16.FileType;
    }
}
