using MoeSharp.Experts;
using MoeSharp.Experts.Balancing;
using MoeSharp.Experts.Routing;
using MoeSharp.Layers;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Models.Decoding;

/// <summary>One block: attention, then a dense or a Mixture-of-Experts feed-forward, each behind a norm and around a residual.</summary>
/// <remarks>
/// <para>Formula: <c>x += s·attention(norm(x)); x += s·feedForward(norm(x))</c> with the configured scale s; norms stand before each
/// part, after it, or both. Shapes: <c>[T, D]</c> → <c>[T, D]</c>.</para>
/// </remarks>
public sealed class DecoderBlock
{
    private readonly int _layer;
    private readonly float _residualScale;

    /// <summary>Creates block <paramref name="layer"/> with undefined matrices.</summary>
    internal DecoderBlock(DecoderConfig config, int layer, RopeTable rope, Balance balance, DecoderParts parts)
    {
        string name = $"layers.{layer}";
        _layer = layer;
        _residualScale = config.ResidualScale;
        if (config.NormPlacement != NormPlacement.After)
        {
            AttentionNorm = Decoder.CreateNorm(name + ".attention_norm", config);
            FeedForwardNorm = Decoder.CreateNorm(name + ".feed_forward_norm", config);
        }

        if (config.NormPlacement != NormPlacement.Before)
        {
            AttentionOutputNorm = Decoder.CreateNorm(name + ".attention_output_norm", config);
            FeedForwardOutputNorm = Decoder.CreateNorm(name + ".feed_forward_output_norm", config);
        }

        Attention = config.Latent is null
            ? new Attention(name + ".attention", config.AttentionOf(layer), rope)
            : new LatentAttention(name + ".attention", config.AttentionOf(layer), rope);
        if (config.HasExperts(layer))
        {
            Experts = ExpertsBuilder.Build(config, layer, name, balance, parts);
        }
        else
        {
            FeedForward = new FeedForward(
                name + ".feed_forward", config.HiddenSize, config.IntermediateSize, config.Activation, config.HasFeedForwardBias);
        }
    }

    /// <summary>Before attention; null where norms stand only after.</summary>
    public INorm? AttentionNorm { get; }

    /// <summary>Self-attention.</summary>
    public IAttention Attention { get; }

    /// <summary>After attention; null where norms stand only before.</summary>
    public INorm? AttentionOutputNorm { get; }

    /// <summary>Before the feed-forward; null where norms stand only after.</summary>
    public INorm? FeedForwardNorm { get; }

    /// <summary>After the feed-forward; null where norms stand only before.</summary>
    public INorm? FeedForwardOutputNorm { get; }

    /// <summary>The dense feed-forward; null where the block has experts.</summary>
    public FeedForward? FeedForward { get; }

    /// <summary>The experts; null where the block is dense.</summary>
    public MoeLayer? Experts { get; }

    /// <summary>All parameters, in order of use.</summary>
    public IEnumerable<Parameter> Parameters =>
    [
        .. AttentionNorm?.Parameters ?? [], .. Attention.Parameters, .. AttentionOutputNorm?.Parameters ?? [],
        .. FeedForwardNorm?.Parameters ?? [], .. FeedForward?.Parameters ?? [], .. Experts?.Parameters ?? [],
        .. FeedForwardOutputNorm?.Parameters ?? [],
    ];

    /// <summary>Applies the block.</summary>
    /// <param name="x">Rows <c>[T, D]</c>.</param>
    /// <param name="layout">Which rows belong together.</param>
    /// <param name="caches">One a sequence, or none.</param>
    /// <param name="routing">What routers are told.</param>
    /// <param name="outputs">Where the output of the experts is added; null when nobody wants it.</param>
    internal Tensor Forward(
        Tensor x,
        SequenceLayout layout,
        ReadOnlySpan<KeyValueCache> caches,
        RoutingContext routing,
        List<MoeOutput>? outputs)
    {
        Tensor attended = Attention.Forward(AttentionNorm?.Forward(x) ?? x, layout, caches, _layer);
        x = Join(x, attended, AttentionOutputNorm);
        Tensor normed = FeedForwardNorm?.Forward(x) ?? x;
        if (Experts is null)
        {
            return Join(x, FeedForward!.Forward(normed), FeedForwardOutputNorm);
        }

        MoeOutput output = Experts.Forward(normed, routing);
        outputs?.Add(output);
        return Join(x, output.Hidden, FeedForwardOutputNorm);
    }

    /// <summary>The residual stream with the result of a part.</summary>
    private Tensor Join(Tensor x, Tensor part, INorm? norm)
    {
        part = norm?.Forward(part) ?? part;
        return AddOp.Apply(x, _residualScale == 1 ? part : ScaleOp.Apply(part, _residualScale));
    }
}
