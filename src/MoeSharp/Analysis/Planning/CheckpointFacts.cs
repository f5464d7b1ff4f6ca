using MoeSharp.Formats;
using MoeSharp.Models.Conversion;
using MoeSharp.Models.Decoding;
using MoeSharp.Models.Decoding.Families;
using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Analysis.Planning;

/// <summary>What a checkpoint is, from its configuration and the header of its weights; no weight is loaded.</summary>
public sealed class CheckpointFacts
{
    private CheckpointFacts(
        string name, string family, string architecture, DecoderConfig config, string types, IReadOnlyDictionary<string, StoredWeight> stored,
        IReadOnlyList<StoredTensor> tensors)
    {
        Tensors = tensors;
        Name = name;
        FamilyName = family;
        Architecture = architecture;
        Config = config;
        StoredTypes = types;
        Stored = stored;
        Count = config.CountParameters();
        Weights = PlannedWeight.ListOf(config);
        Active = ActiveParameters.Of(Weights);
    }

    /// <summary>How to call it.</summary>
    public string Name { get; }

    /// <summary>Its family, as <c>mixtral</c>; of a GGUF file whose configuration no family says, its architecture.</summary>
    public string FamilyName { get; }

    /// <summary>The class it names in <c>config.json</c>, or the architecture of a GGUF file.</summary>
    public string Architecture { get; }

    /// <summary>Its facts.</summary>
    public DecoderConfig Config { get; }

    /// <summary>Parameters by part.</summary>
    public ParameterCount Count { get; }

    /// <summary>Parameters that a token touches, by each convention.</summary>
    public ActiveParameters Active { get; }

    /// <summary>All weights.</summary>
    public IReadOnlyList<PlannedWeight> Weights { get; }

    /// <summary>How each weight is stored, by our name of it.</summary>
    public IReadOnlyDictionary<string, StoredWeight> Stored { get; }

    /// <summary>All tensors of the files, those that no weight uses included.</summary>
    public IReadOnlyList<StoredTensor> Tensors { get; }

    /// <summary>How numbers are stored, as <c>BF16, F32</c>.</summary>
    public string StoredTypes { get; }

    /// <summary>Bytes of a part as stored.</summary>
    public long BytesOf(string part) =>
        Weights.Where(weight => weight.Part == part).Sum(weight => Stored.TryGetValue(weight.Parameter, out StoredWeight? stored) ? stored.Bytes : 0);

    /// <summary>Bytes of all weights as stored.</summary>
    public long Bytes => PlannedWeight.Parts.Sum(BytesOf);

    /// <summary>Parameters by part; their sum is the total.</summary>
    public long ParametersOf(string part) => Weights.Where(weight => weight.Part == part).Sum(weight => weight.Shape.Length);

    /// <summary>The format that a weight will have when the checkpoint is run as it is stored.</summary>
    public BlockFormat FormatOf(PlannedWeight weight) =>
        weight.CanPack && Stored.TryGetValue(weight.Parameter, out StoredWeight? stored) && stored.Format is { } format ? format : BlockFormats.F32;

    /// <summary>Reads the headers of a folder in the Hugging Face layout, or of a GGUF file.</summary>
    /// <param name="path">The folder, or a file in it; or any part of a GGUF model.</param>
    /// <exception cref="ModelFormatException">A file is missing or faulty, or a tensor does not belong to the configuration.</exception>
    /// <exception cref="ConfigException">The configuration is faulty or not understood.</exception>
    public static CheckpointFacts Read(string path)
    {
        using StoredModel model = StoredModel.Open(path);
        return Of(model);
    }

    /// <summary>The facts of a model on disk, or of the built-in one.</summary>
    /// <param name="model">The model; only its headers are asked.</param>
    /// <exception cref="ModelFormatException">A tensor is missing.</exception>
    public static CheckpointFacts Of(StoredModel model)
    {
        string architecture = model.Layout?.Architecture ?? model.Family!.Architecture;
        return Read(model.Path, model.Family?.ModelType ?? architecture, architecture, model.Config, model.Map, model.Source);
    }

    /// <summary>Reads what a list of tensors says.</summary>
    private static CheckpointFacts Read(
        string name, string family, string architecture, DecoderConfig config, WeightMap map, TensorSource source)
    {
        var bytes = new Dictionary<string, double>(StringComparer.Ordinal);
        var types = new Dictionary<string, StoredType>(StringComparer.Ordinal);
        foreach (WeightBinding binding in map.Bindings)
        {
            StoredTensor tensor = source.Find(binding.Tensor);
            foreach (WeightSegment segment in binding.Segments)
            {
                bytes[segment.Parameter] = bytes.GetValueOrDefault(segment.Parameter)
                    + (tensor.ByteLength * ((double)segment.Length / Math.Max(1, binding.Shape.Length)));
                types[segment.Parameter] = tensor.Type;
            }
        }

        Dictionary<string, StoredWeight> stored = bytes.ToDictionary(
            entry => entry.Key,
            entry => new StoredWeight(types[entry.Key].Name(), (long)Math.Round(entry.Value), types[entry.Key].Format()),
            StringComparer.Ordinal);
        string all = string.Join(", ", source.Tensors.Select(tensor => tensor.Type.Name()).Distinct().Order());
        return new CheckpointFacts(name, family, architecture, config, all, stored, source.Tensors);
    }
}
