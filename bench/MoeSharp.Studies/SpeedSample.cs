using System.Text.Json;
using MoeSharp.Analysis;
using MoeSharp.Analysis.Planning;
using MoeSharp.Analysis.Speed;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Studies;

/// <summary>A speed that <c>moe bench --shape … --json</c> measured, with all that a prediction of it needs.</summary>
internal sealed class SpeedSample
{
    private const int DecodeTokens = 16;

    private readonly DecoderConfig _config;
    private readonly IReadOnlyList<PlannedWeight> _weights;
    private readonly MachineSpeed _machine;
    private readonly int _prompt;
    private readonly BlockFormat? _format;

    private SpeedSample(JsonElement file, JsonElement result, DecoderConfig config, IReadOnlyList<PlannedWeight> weights)
    {
        JsonElement machine = file.GetProperty("machine");
        Shape = file.GetProperty("shape").GetString()!;
        Threads = file.GetProperty("threads").GetInt32();
        string place = Threads == 1 ? "t1" : "t2";
        _machine = new MachineSpeed(
            machine.GetProperty("bandwidthGBs").GetProperty(place).GetDouble(),
            machine.GetProperty("float32Gflops").GetProperty(place).GetDouble() * Math.Max(1, Threads / 2.0));
        _config = config;
        _weights = weights;
        _prompt = file.GetProperty("prompt").GetInt32();
        Type = result.GetProperty("type").GetString()!;
        _format = BlockFormats.Find(Type);
        Name = result.GetProperty("name").GetString()!;
        Measured = result.GetProperty("value").GetDouble();
        Predicted = result.TryGetProperty("predicted", out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;
    }

    public string Shape { get; }

    public int Layers => _config.LayerCount;

    public int Threads { get; }

    public string Type { get; }

    /// <summary><c>prefill</c> or <c>decode</c>.</summary>
    public string Name { get; }

    /// <summary>Tokens a second.</summary>
    public double Measured { get; }

    /// <summary>What the run itself had predicted before it measured.</summary>
    public double? Predicted { get; }

    /// <summary>The samples of files.</summary>
    public static IReadOnlyList<SpeedSample> Read(IEnumerable<string> paths)
    {
        var samples = new List<SpeedSample>();
        foreach (string path in paths)
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            JsonElement file = document.RootElement;
            if (!file.TryGetProperty("shape", out JsonElement shape) || shape.ValueKind != JsonValueKind.String || !file.TryGetProperty("machine", out _))
            {
                throw new InvalidDataException($"{path}: is no result of moe bench --shape NAME --json.");
            }

            DecoderConfig config = ModelShapes.Find(shape.GetString()!, file.GetProperty("layers").GetInt32());
            IReadOnlyList<PlannedWeight> weights = PlannedWeight.ListOf(config);
            samples.AddRange(file.GetProperty("results").EnumerateArray()
                .Where(result => result.GetProperty("name").GetString() is "prefill" or "decode")
                .Select(result => new SpeedSample(file, result, config, weights)));
        }

        return samples;
    }

    /// <summary>ln (predicted / measured) with these constants.</summary>
    public double Miss(SpeedConstants constants)
    {
        BlockFormat format = _format ?? throw new InvalidDataException($"{Type}: only models in one format can be fitted, no mixtures.");
        SpeedPrediction found = SpeedModel.Predict(
            _config, _weights, weight => StorageRule.FormatOf(weight, format), _machine, SpeedOptions.ShallowDepth + (DecodeTokens / 2), _prompt, constants);
        return Math.Log((Name == "decode" ? found.DecodeTokensPerSecond : found.PrefillTokensPerSecond) / Measured);
    }
}
