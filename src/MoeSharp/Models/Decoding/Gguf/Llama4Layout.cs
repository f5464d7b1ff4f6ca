using MoeSharp.Formats.Gguf;
using MoeSharp.Layers;

namespace MoeSharp.Models.Decoding.Gguf;

/// <summary>Llama 4, text: blocks of positions in layers that rotate, temperature in the others, top-1 with the weight on the input.</summary>
/// <remarks>
/// <para>llama.cpp knows these as constants: blocks of 8192, temperature 0.1 and 8192, every fourth layer without rotation, queries and keys
/// normed unless there are 128 experts; <c>attention.sliding_window</c> 0 switches blocks and temperature off.</para>
/// <para>Our own keys <c>attention.block_length</c>, <c>attention.temperature_scale</c>, <c>attention.temperature_length</c>,
/// <c>attention.unrotated_layers</c>, <c>attention.full_layers</c> and <c>attention.query_key_norm</c> are written where a model differs.</para>
/// </remarks>
public sealed class Llama4Layout : GgufLayout
{
    private const int BlockLength = 8192;
    private const int UnrotatedInterval = 4;
    private const int UnnormedExpertCount = 128;
    private const string BlockKey = "attention.block_length";
    private const string ScaleKey = "attention.temperature_scale";
    private const string FloorKey = "attention.temperature_length";
    private const string UnrotatedKey = "attention.unrotated_layers";
    private const string FullKey = "attention.full_layers";
    private const string NormKey = "attention.query_key_norm";

    private static readonly QueryTemperature s_temperature = new(0.1, BlockLength);

    /// <inheritdoc/>
    public override string Architecture => "llama4";

    internal override IReadOnlyList<string> ModelTypes => ["llama4_text"];

    internal override bool IsInterleaved => true;

    internal override bool NormalizesWeights => false;

    internal override ScoreKind Score => ScoreKind.Sigmoid;

    internal override DecoderConfig Read(GgufFacts facts)
    {
        DecoderConfig config = base.Read(facts);
        bool isOff = facts.OptionalInt("attention.sliding_window") == 0;
        int length = facts.OptionalInt(BlockKey) ?? (isOff ? 0 : BlockLength);
        QueryTemperature? temperature = isOff ? null : s_temperature;
        if (facts.OptionalNumber(ScaleKey) is { } scale)
        {
            temperature = scale == 0 ? null : new QueryTemperature(Round(scale), Round(facts.OptionalNumber(FloorKey) ?? BlockLength));
        }

        NumberList unrotated = Layers(facts, UnrotatedKey) ?? Usual(config.LayerCount);
        bool norms = facts.OptionalFlag(NormKey) ?? config.Experts?.ExpertCount != UnnormedExpertCount;
        return config with
        {
            SlidingWindow = null,
            AttentionBlockLength = length > 0 ? length : null,
            FullAttentionLayers = length > 0 ? Layers(facts, FullKey) ?? unrotated : [],
            UnrotatedLayers = unrotated,
            Temperature = temperature,
            QueryKeyNorm = norms ? QueryKeyNorm.UnweightedAfterRotation : QueryKeyNorm.None,
        };
    }

    internal override ExpertsConfig ReadExperts(GgufFacts facts, string block) => base.ReadExperts(facts, block) with { WeighsInput = true };

    internal override void Write(DecoderConfig config, Action<string, GgufValue> set)
    {
        base.Write(config, set);
        if (config.AttentionBlockLength is null && config.Temperature is null)
        {
            set("attention.sliding_window", GgufValue.Of(0u));
        }
        else
        {
            SetUnless(config.AttentionBlockLength == BlockLength, BlockKey, GgufValue.Of((uint)(config.AttentionBlockLength ?? 0)));
            SetUnless(config.Temperature == s_temperature, ScaleKey, GgufValue.Of((float)(config.Temperature?.Scale ?? 0)));
            SetUnless(config.Temperature == s_temperature, FloorKey, GgufValue.Of((float)(config.Temperature?.Floor ?? 0)));
        }

        SetUnless(config.UnrotatedLayers.Equals(Usual(config.LayerCount)), UnrotatedKey, GgufValue.Of(config.UnrotatedLayers.ToArray()));
        SetUnless(
            config.AttentionBlockLength is null || config.FullAttentionLayers.Equals(config.UnrotatedLayers), FullKey,
            GgufValue.Of(config.FullAttentionLayers.ToArray()));
        bool norms = config.QueryKeyNorm != QueryKeyNorm.None;
        SetUnless(norms == (config.Experts?.ExpertCount != UnnormedExpertCount), NormKey, GgufValue.Of(norms));

        void SetUnless(bool isUsual, string key, GgufValue value)
        {
            if (!isUsual)
            {
                set(key, value);
            }
        }
    }

    internal override void WriteExperts(DecoderConfig config, ExpertsConfig experts, Action<string, GgufValue> set)
    {
        base.WriteExperts(config, experts, set);
        int first = Enumerable.Range(0, config.LayerCount).First(config.HasExperts);
        set("interleave_moe_layer_step", GgufValue.Of((uint)(first + 1)));
    }

    private static NumberList Usual(int layerCount) =>
        NumberList.Create([.. Enumerable.Range(0, layerCount).Where(layer => (layer + 1) % UnrotatedInterval == 0)]);

    private static NumberList? Layers(GgufFacts facts, string key) =>
        facts.Metadata.GetOptionalInts(facts.Key(key)) is { } layers ? NumberList.Create(layers) : null;

    // 0.1 in 32 bits and back: to the digits that configurations have.
    private static double Round(double value) => Math.Round(value, 5);
}
