using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using MoeSharp.Formats;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>All families that are known, and the way between <c>config.json</c> and <see cref="DecoderConfig"/>.</summary>
public static class FamilyCatalogue
{
    /// <summary>One key a line.</summary>
    internal static JsonSerializerOptions Indented { get; } = new() { WriteIndented = true };

    /// <summary>The families, in the order in which a configuration tries them.</summary>
    public static IReadOnlyList<Family> All { get; } =
    [
        new MistralFamily(), new LlamaFamily(), new Qwen2Family(), new Qwen3Family(), new MixtralFamily(), new OlmoeFamily(), new Qwen3MoeFamily(), new Qwen2MoeFamily(),
        new Dots1Family(), new Glm4MoeFamily(), new GraniteMoeFamily(), new GraniteMoeSharedFamily(), new Ernie45MoeFamily(),
        new HunyuanMoeFamily(), new MiniMaxM2Family(), new FlexOlmoFamily(), new GptOssFamily(), new DbrxFamily(), new Llama4TextFamily(),
        new Llama4Family(), new PhimoeFamily(), new Grok1Family(),
        new DeepSeekV3Family(), new KimiK2Family(), new DeepSeekV2Family(),
    ];

    /// <summary>The family of a <c>model_type</c>; null when it is not known.</summary>
    public static Family? Find(string modelType) => All.FirstOrDefault(family => family.ModelType == modelType);

    /// <summary>Reads a <c>config.json</c>.</summary>
    /// <param name="path">Where it is.</param>
    /// <exception cref="ModelFormatException">The file is not JSON, or its family is not known.</exception>
    /// <exception cref="ConfigException">A key is missing, wrong, or not understood though it may change the mathematics.</exception>
    public static (Family Family, DecoderConfig Config) Read(string path) => Read(JsonConfig.Read(path));

    /// <summary>Reads the content of a <c>config.json</c>.</summary>
    /// <param name="json">UTF-8 text.</param>
    /// <param name="file">How to call it in messages.</param>
    /// <inheritdoc cref="Read(string)" path="/exception"/>
    public static (Family Family, DecoderConfig Config) Parse(ReadOnlyMemory<byte> json, string file)
    {
        return Read(JsonConfig.Parse(file, json.Span));
    }

    /// <summary>The content of a <c>config.json</c> in the layout of a family.</summary>
    /// <param name="family">A family that can say the configuration.</param>
    /// <param name="config">The configuration.</param>
    /// <param name="dataType">How the weights are stored, as <c>bfloat16</c>.</param>
    public static string Write(Family family, DecoderConfig config, string dataType)
    {
        var json = new JsonObject
        {
            ["architectures"] = new JsonArray((JsonNode?)JsonValue.Create(family.Architecture)),
            ["model_type"] = family.ModelType,
            ["torch_dtype"] = dataType,
        };
        family.Write(config, json);
        return json.ToJsonString(Indented) + "\n";
    }

    /// <summary>The family whose layout says a configuration completely.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="preferred">A family to try first: the one the model came from.</param>
    /// <exception cref="ConfigException">No family equals it; the message says what stands in the way of the nearest.</exception>
    public static Family Choose(DecoderConfig config, Family? preferred = null)
    {
        config.Validate();
        preferred = preferred?.SavedAs;
        IEnumerable<Family> order = preferred is null ? All : All.OrderBy(family => family != preferred);
        return order.FirstOrDefault(family => CanSay(family, config)) ?? throw new ConfigException(
            nameof(DecoderConfig),
            "No published family equals this configuration, so it has no layout to be saved in. "
            + $"Known are {string.Join(", ", All.Select(family => family.ModelType))}.");
    }

    /// <summary>True when writing a configuration in a family's layout and reading it back gives the same configuration.</summary>
    public static bool CanSay(Family family, DecoderConfig config)
    {
        var hf = new HfConfig(JsonConfig.Parse("config.json", Encoding.UTF8.GetBytes(Write(family, config, "float32"))));
        DecoderConfig back = family.Read(hf);
        return !hf.IsFaulty && Essence(back) == Essence(config);
    }

    // A dense width that no layer uses is no fact; neither is the list of windowless layers where there is no window.
    private static DecoderConfig Essence(DecoderConfig config) => config with
    {
        IntermediateSize = config.Experts is not null && config.DenseLayers.Count == 0 ? 0 : config.IntermediateSize,
        FullAttentionLayers = config.SlidingWindow is null && config.AttentionBlockLength is null ? [] : config.FullAttentionLayers,
        Temperature = config.UnrotatedLayers.Count == 0 ? null : config.Temperature,
        DenseLayers = config.Experts is null ? [] : NumberList.Create([.. config.DenseLayers.Distinct().Order()]),
    };

    private static (Family Family, DecoderConfig Config) Read(JsonConfig json)
    {
        string? type = json.GetOptionalString("model_type");
        Family family = Find(type ?? "") ?? throw new ModelFormatException(json.Name, "key 'model_type'", null,
            (type is null ? "is missing." : $"is \"{type}\", a family that is not supported.")
            + $" Supported are {string.Join(", ", All.Select(known => known.ModelType))}.");

        var hf = new HfConfig(json);
        DecoderConfig config = family.Read(hf);
        hf.ThrowIfNotUnderstood(family.ModelType);
        ConfigException.ThrowIfAny(json.Name, config.Faults());
        return (family, config);
    }
}
