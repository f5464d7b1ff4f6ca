using MoeSharp.Formats.Gguf;
using MoeSharp.Layers;

namespace MoeSharp.Models.Decoding.Gguf;

/// <summary>Phi-3.5-MoE: layer norms with biases and the sparse mixer, although llama.cpp computes RMS norms and a softmax for it.</summary>
/// <remarks>The model's own answer is followed, not that engine's. The mixer's width has no key: it is the published 0.01, and our own key
/// <c>expert_mixer_jitter</c> is written for another.</remarks>
public sealed class PhimoeLayout : GgufLayout
{
    private const string JitterKey = "expert_mixer_jitter";

    private static readonly float s_jitter = new ExpertsConfig { ExpertCount = 2, TopK = 2, IntermediateSize = 1 }.MixerJitter;

    /// <inheritdoc/>
    public override string Architecture => "phimoe";

    internal override IReadOnlyList<string> ModelTypes => ["phimoe"];

    internal override NormKind Norm => NormKind.LayerWithBias;

    internal override ScoreKind Score => ScoreKind.SparseMixer;

    internal override bool SharesWidthKey => true;

    internal override ExpertsConfig ReadExperts(GgufFacts facts, string block) =>
        base.ReadExperts(facts, block) with { MixerJitter = (float)(facts.OptionalNumber(JitterKey) ?? s_jitter) };

    internal override void WriteExperts(DecoderConfig config, ExpertsConfig experts, Action<string, GgufValue> set)
    {
        base.WriteExperts(config, experts, set);
        set("rope.scaling.original_context_length", GgufValue.Of((uint)(config.Rotary.OriginalPositionCount ?? config.PositionCount)));
        set("attention.sliding_window", GgufValue.Of((uint)(config.SlidingWindow ?? 0)));
        if (experts.MixerJitter != s_jitter)
        {
            set(JitterKey, GgufValue.Of(experts.MixerJitter));
        }
    }
}
