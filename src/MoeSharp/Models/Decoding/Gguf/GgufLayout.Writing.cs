using MoeSharp.Formats.Gguf;
using MoeSharp.Layers;

namespace MoeSharp.Models.Decoding.Gguf;

/// <content>The way back: facts as keys.</content>
public abstract partial class GgufLayout
{
    /// <summary>Writes the facts.</summary>
    internal virtual void Write(DecoderConfig config, Action<string, GgufValue> set)
    {
        int width = config.Experts is { } && SharesWidthKey ? config.Experts.IntermediateSize : config.IntermediateSize;
        set("block_count", GgufValue.Of((uint)config.LayerCount));
        set("context_length", GgufValue.Of((uint)config.PositionCount));
        set("embedding_length", GgufValue.Of((uint)config.HiddenSize));
        set("feed_forward_length", GgufValue.Of((uint)width));
        set("attention.head_count", GgufValue.Of((uint)config.HeadCount));
        set("attention.head_count_kv", GgufValue.Of((uint)config.KeyValueHeadCount));
        GgufRotary.Write(config, config.RotatedHeadSize, set);
        set(EpsilonKey, GgufValue.Of(config.NormEpsilon));
        set("attention.key_length", GgufValue.Of((uint)config.HeadSize));
        set("attention.value_length", GgufValue.Of((uint)config.HeadSize));
        set("vocab_size", GgufValue.Of((uint)config.VocabularySize));
        if (config.ClipQueryKeyValue is { } clip)
        {
            set("attention.clamp_kqv", GgufValue.Of(clip));
        }

        if (config.SlidingWindow is { } window)
        {
            set("attention.sliding_window", GgufValue.Of((uint)window));
            IEnumerable<int> layers = Enumerable.Range(0, config.LayerCount);
            if (layers.Any(layer => config.FullAttentionLayers.Contains(layer) != SeesEverything(layer)))
            {
                set(WindowPatternKey, GgufValue.Of(
                    layers.Select(layer => config.WindowOf(layer) is not null).ToArray()));
            }
        }

        if (config.Experts is { } experts)
        {
            WriteExperts(config, experts, set);
        }
    }

    /// <summary>Writes the facts of the experts.</summary>
    internal virtual void WriteExperts(DecoderConfig config, ExpertsConfig experts, Action<string, GgufValue> set)
    {
        set("expert_count", GgufValue.Of((uint)experts.ExpertCount));
        set("expert_used_count", GgufValue.Of((uint)experts.TopK));
        if (!SharesWidthKey)
        {
            set("expert_feed_forward_length", GgufValue.Of((uint)experts.IntermediateSize));
        }

        if (experts.SharedIntermediateSize > 0)
        {
            set("expert_shared_feed_forward_length", GgufValue.Of((uint)experts.SharedIntermediateSize));
        }

        if (experts.Score != Score || Score == ScoreKind.Sigmoid) // llama.cpp takes none for softmax, or aborts
        {
            WriteScore(experts.Score, set);
        }

        if (experts.NormalizeWeights != NormalizesWeights)
        {
            set("expert_weights_norm", GgufValue.Of(experts.NormalizeWeights));
        }

        if (experts.WeightScale != 1)
        {
            set("expert_weights_scale", GgufValue.Of(experts.WeightScale));
        }

        if (experts.GroupCount > 1)
        {
            set("expert_group_count", GgufValue.Of((uint)experts.GroupCount));
            set("expert_group_used_count", GgufValue.Of((uint)experts.KeptGroupCount));
        }
    }

    /// <summary>Writes how logits become scores.</summary>
    internal static void WriteScore(ScoreKind score, Action<string, GgufValue> set) => set("expert_gating_func", GgufValue.Of(score switch
    {
        ScoreKind.Sigmoid => 2u,
        ScoreKind.SoftmaxOfChosen => 3u,
        _ => 1u,
    }));

    /// <summary>True when two configurations are the same as far as this layout can say.</summary>
    internal static bool SaysTheSame(DecoderConfig first, DecoderConfig second) => Essence(first) == Essence(second);

    private static void SetToken(GgufMetadata metadata, string key, int? token)
    {
        if (token is { } id and >= 0)
        {
            metadata.Set(key, GgufValue.Of((uint)id));
        }
    }

    // What a file has no word for, or says otherwise: training, tokens, sizes that nothing uses.
    private static DecoderConfig Essence(DecoderConfig config) => config with
    {
        IntermediateSize = config.Experts is not null && config.DenseLayers.Count == 0 ? 0 : config.IntermediateSize,
        FullAttentionLayers = config.SlidingWindow is null && config.AttentionBlockLength is null ? [] : config.FullAttentionLayers,
        DenseLayers = config.Experts is null ? [] : NumberList.Create([.. config.DenseLayers.Distinct().Order()]),
        Rotary = GgufRotary.Essence(config.Rotary, config.RotatedHeadSize, config.PositionCount),
        InitializerRange = 0,
        BeginToken = null,
        EndTokens = [],
        PaddingToken = null,
        Experts = config.Experts is null ? null : config.Experts with { BalanceCoefficient = 0, RouterJitter = 0 },
    };
}
