using MoeSharp.Formats.Gguf;
using MoeSharp.Layers;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Models.Decoding.Gguf;

/// <summary>Grok-1: four norms a block, scales on embedding and logits, a soft cap on attention's scores.</summary>
/// <remarks>Early files have no keys for scales and cap: they are the published ones. The weights of the experts are not renormalised, although
/// llama.cpp does; <c>router_logit_softcapping</c> is written by converters and applied by nobody. Files of Grok-2, which has a dense network
/// beside the experts, are refused for their tensors.</remarks>
public sealed class GrokLayout : GgufLayout
{
    private const float EmbeddingScale = 78.38367176906169f;
    private const float LogitScale = 0.5773502691896257f;
    private const float AttentionScale = 0.08838834764831845f;
    private const float SoftCap = 30;

    /// <inheritdoc/>
    public override string Architecture => "grok";

    internal override IReadOnlyList<string> ModelTypes => ["grok-1"];

    internal override bool NormalizesWeights => false;

    internal override bool SharesWidthKey => true;

    internal override DecoderConfig Read(GgufFacts facts) => base.Read(facts) with
    {
        NormPlacement = NormPlacement.Both,
        Activation = Activation.GeluTanh,
        EmbeddingScale = (float)(facts.OptionalNumber("embedding_scale") ?? EmbeddingScale),
        LogitScale = (float)(facts.OptionalNumber("logit_scale") ?? LogitScale),
        AttentionScale = (float)(facts.OptionalNumber("attention.output_scale") ?? AttentionScale),
        AttentionSoftCap = (float)(facts.OptionalNumber("attn_logit_softcapping") ?? SoftCap),
    };

    internal override void Write(DecoderConfig config, Action<string, GgufValue> set)
    {
        base.Write(config, set);
        set("embedding_scale", GgufValue.Of(config.EmbeddingScale));
        set("logit_scale", GgufValue.Of(config.LogitScale));
        set("attention.output_scale", GgufValue.Of(config.AttentionScale ?? (1 / MathF.Sqrt(config.HeadSize))));
        set("attn_logit_softcapping", GgufValue.Of(config.AttentionSoftCap ?? 0));
    }

    internal override void Bind(GgufBinding binding)
    {
        BindEnds(binding);
        for (int layer = 0; layer < binding.Config.LayerCount; layer++)
        {
            string block = GgufBinding.Block(layer), ours = $"layers.{layer}.";
            binding.Norm(block + "attn_norm", ours + "attention_norm");
            binding.Norm(block + "attn_output_norm", ours + "attention_output_norm");
            binding.Norm(block + "ffn_norm", ours + "feed_forward_norm");
            binding.Norm(block + (binding.Has(block + "post_ffw_norm.weight") ? "post_ffw_norm" : "layer_output_norm"), ours + "feed_forward_output_norm");
            BindAttention(binding, block, ours + "attention.");
            if (binding.Config.HasExperts(layer))
            {
                BindExperts(binding, block, ours);
            }
            else
            {
                binding.FeedForward(block, "", ours + "feed_forward", binding.Config.IntermediateSize, binding.Config.HasFeedForwardBias);
            }
        }
    }
}
