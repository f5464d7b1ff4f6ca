using System.Text.Json;
using MoeSharp.Formats;
using MoeSharp.Formats.Safetensors;
using MoeSharp.Models.Decoding;
using MoeSharp.Models.Decoding.Families;

namespace MoeSharp.Cli.Commands;

/// <summary>What a checkpoint is, from its configuration and the header of its weights.</summary>
internal sealed class ModelFacts
{
    private ModelFacts(string name, Family family, DecoderConfig config)
    {
        Name = name;
        Family = family;
        Config = config;
        Count = config.CountParameters();
    }

    public string Name { get; }

    public Family Family { get; }

    public DecoderConfig Config { get; }

    public ParameterCount Count { get; }

    /// <summary>Bytes of weights by part, in the order of a forward pass.</summary>
    public Dictionary<string, long> Bytes { get; } = [];

    /// <summary>How numbers are stored, as <c>BF16</c>.</summary>
    public string StoredTypes { get; private init; } = "";

    /// <summary>Parameters by part; their sum is the total.</summary>
    public IReadOnlyList<(string Part, long Parameters)> Parts =>
    [
        ("embedding", Count.Embedding),
        ("attention", Count.Attention),
        ("router", Count.Router),
        ("experts", Count.Experts),
        ("sharedExperts", Count.SharedExperts),
        ("feedForward", Count.FeedForward),
        ("norms", Count.Norms),
        ("head", Count.Head),
    ];

    /// <summary>Reads a folder, or the built-in model; loads no weight of a folder.</summary>
    /// <exception cref="ModelFormatException">A file is missing or faulty, or a tensor does not belong to the configuration.</exception>
    public static ModelFacts Read(string? path)
    {
        if (path is null || RunCommand.IsTiny(path))
        {
            Model tiny = Model.Tiny;
            return Create(
                "the built-in model", tiny.Family!, tiny.Config, tiny.Decoder.State.Select(entry => (entry.Key, entry.Value.Length * 2)), "BF16");
        }

        string folder = DecoderFolder.Of(path);
        string configPath = Path.Combine(folder, DecoderFolder.ConfigName);
        if (!File.Exists(configPath))
        {
            throw new ModelFormatException(path, null, null, $"holds no {DecoderFolder.ConfigName}. Give the folder of a model.");
        }

        (Family family, DecoderConfig config) = FamilyCatalogue.Read(configPath);
        using TensorSource source = SafetensorsModel.Open(folder);
        WeightMap map = family.Map(config, name => source.TryFind(name, out _));
        var bytes = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (WeightBinding binding in map.Bindings)
        {
            StoredTensor tensor = source.Find(binding.Tensor);
            foreach (WeightSegment segment in binding.Segments)
            {
                bytes[segment.Parameter] = bytes.GetValueOrDefault(segment.Parameter)
                    + (tensor.ByteLength * ((double)segment.Length / Math.Max(1, binding.Shape.Length)));
            }
        }

        string types = string.Join(", ", source.Tensors.Select(tensor => tensor.Type.ToString()).Distinct().Order());
        return Create(path, family, config, bytes.Select(entry => (entry.Key, (long)Math.Round(entry.Value))), types);
    }

    /// <summary>The JSON form.</summary>
    public void WriteJson(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("model", Name);
        json.WriteString("family", Family.ModelType);
        json.WriteString("storedTypes", StoredTypes);
        json.WriteStartObject("parameters");
        json.WriteNumber("total", Count.Total);
        json.WriteNumber("active", Count.Active);
        json.WriteNumber("embedding", Count.Embedding);
        json.WriteEndObject();
        json.WriteStartObject("parts");
        foreach ((string part, long parameters) in Parts)
        {
            json.WriteStartObject(part);
            json.WriteNumber("parameters", parameters);
            json.WriteNumber("bytes", Bytes.GetValueOrDefault(part));
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteNumber("bytes", Bytes.Values.Sum());
        json.WriteNumber("layers", Config.LayerCount);
        json.WriteNumber("hiddenSize", Config.HiddenSize);
        json.WriteNumber("heads", Config.HeadCount);
        json.WriteNumber("keyValueHeads", Config.KeyValueHeadCount);
        json.WriteNumber("headSize", Config.HeadSize);
        json.WriteNumber("vocabulary", Config.VocabularySize);
        json.WriteNumber("positions", Config.PositionCount);
        json.WriteBoolean("tied", Config.IsTied);
        json.WriteNumber("topK", Config.Experts?.TopK ?? 0);
        json.WriteStartArray("expertsPerLayer");
        for (int layer = 0; layer < Config.LayerCount; layer++)
        {
            json.WriteNumberValue(Config.HasExperts(layer) ? Config.Experts!.ExpertCount : 0);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static ModelFacts Create(
        string name, Family family, DecoderConfig config, IEnumerable<(string Parameter, long Bytes)> parameters, string types)
    {
        var facts = new ModelFacts(name, family, config) { StoredTypes = types };
        foreach ((string parameter, long bytes) in parameters)
        {
            string part = PartOf(parameter, config.IsTied);
            facts.Bytes[part] = facts.Bytes.GetValueOrDefault(part) + bytes;
        }

        return facts;
    }

    // Our own names, which are the same for every family.
    private static string PartOf(string parameter, bool isTied) =>
        parameter.StartsWith("embedding", StringComparison.Ordinal) ? (isTied ? "head" : "embedding")
        : parameter.StartsWith("head", StringComparison.Ordinal) ? "head"
        : parameter.Contains(".attention.", StringComparison.Ordinal) ? "attention"
        : parameter.Contains(".router", StringComparison.Ordinal) || parameter.Contains("shared.sigmoid_projection", StringComparison.Ordinal) ? "router"
        : parameter.Contains(".shared.", StringComparison.Ordinal) ? "sharedExperts"
        : parameter.Contains(".experts.", StringComparison.Ordinal) ? "experts"
        : parameter.Contains(".feed_forward.", StringComparison.Ordinal) ? "feedForward"
        : "norms";
}
