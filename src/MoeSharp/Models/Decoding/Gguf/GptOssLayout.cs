using MoeSharp.Experts.Banks;
using MoeSharp.Formats.Gguf;

namespace MoeSharp.Models.Decoding.Gguf;

/// <summary>gpt-oss: attention sinks, a window in every second layer, biases everywhere, softmax over the chosen, clamped SwiGLU.</summary>
/// <remarks>α and limit of the activation have no keys: they are the published ones, and our own keys <c>swiglu_alpha</c> and
/// <c>swiglu_limit</c> are written for others.</remarks>
public sealed class GptOssLayout : GgufLayout
{
    private const string AlphaKey = "swiglu_alpha";
    private const string LimitKey = "swiglu_limit";

    private static readonly ClampedSwiGlu s_published = new();

    /// <inheritdoc/>
    public override string Architecture => "gpt-oss";

    internal override IReadOnlyList<string> ModelTypes => ["gpt_oss"];

    internal override string FeedForwardNormName => "post_attention_norm";

    internal override ScoreKind Score => ScoreKind.SoftmaxOfChosen;

    internal override bool SeesEverything(int layer) => layer % 2 != 0;

    internal override DecoderConfig Read(GgufFacts facts) =>
        base.Read(facts) with { HasAttentionSinks = facts.HasTensor(GgufBinding.Block(0) + "attn_sinks.weight") };

    internal override ExpertsConfig ReadExperts(GgufFacts facts, string block) => base.ReadExperts(facts, block) with
    {
        HasRouterBias = facts.HasTensor(block + "ffn_gate_inp.bias"),
        HasProjectionBias = facts.HasTensor(block + "ffn_gate_exps.bias"),
        Clamp = new ClampedSwiGlu(
            (float)(facts.OptionalNumber(AlphaKey) ?? s_published.Alpha), (float)(facts.OptionalNumber(LimitKey) ?? s_published.Limit)),
    };

    internal override void WriteExperts(DecoderConfig config, ExpertsConfig experts, Action<string, GgufValue> set)
    {
        base.WriteExperts(config, experts, set);
        if (experts.Clamp is { } clamp && clamp != s_published)
        {
            set(AlphaKey, GgufValue.Of(clamp.Alpha));
            set(LimitKey, GgufValue.Of(clamp.Limit));
        }
    }

    internal override void BindAttention(GgufBinding binding, string block, string ours)
    {
        base.BindAttention(binding, block, ours);
        if (binding.Config.HasAttentionSinks)
        {
            binding.Add(block + "attn_sinks.weight", ours + "sinks", binding.Config.HeadCount);
        }
    }

    internal override void BindExperts(GgufBinding binding, string block, string ours)
    {
        base.BindExperts(binding, block, ours);
        ExpertsConfig facts = binding.Config.Experts!;
        if (facts.HasRouterBias)
        {
            binding.Add(block + "ffn_gate_inp.bias", ours + "router.bias", facts.ExpertCount);
        }

        if (facts.HasProjectionBias)
        {
            binding.Add(block + "ffn_gate_exps.bias", ours + "experts.gate_projection_bias", facts.ExpertCount, facts.IntermediateSize);
            binding.Add(block + "ffn_up_exps.bias", ours + "experts.up_projection_bias", facts.ExpertCount, facts.IntermediateSize);
            binding.Add(block + "ffn_down_exps.bias", ours + "experts.down_projection_bias", facts.ExpertCount, binding.Config.HiddenSize);
        }
    }
}
