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
/// <para>Formula: <c>x += attention(norm(x)); x += feedForward(norm(x))</c>. Shapes: <c>[T, D]</c> → <c>[T, D]</c>.</para>
/// </remarks>
public sealed class DecoderBlock
{
    private readonly int _layer;

    /// <summary>Creates block <paramref name="layer"/> with undefined matrices.</summary>
    internal DecoderBlock(DecoderConfig config, int layer, RopeTable rope, Balance balance, DecoderParts parts)
    {
        string name = $"layers.{layer}";
        _layer = layer;
        AttentionNorm = Decoder.CreateNorm(name + ".attention_norm", config);
        Attention = new Attention(name + ".attention", config.AttentionOf(layer), rope);
        FeedForwardNorm = Decoder.CreateNorm(name + ".feed_forward_norm", config);
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

    /// <summary>Before attention.</summary>
    public INorm AttentionNorm { get; }

    /// <summary>Self-attention.</summary>
    public Attention Attention { get; }

    /// <summary>Before the feed-forward.</summary>
    public INorm FeedForwardNorm { get; }

    /// <summary>The dense feed-forward; null where the block has experts.</summary>
    public FeedForward? FeedForward { get; }

    /// <summary>The experts; null where the block is dense.</summary>
    public MoeLayer? Experts { get; }

    /// <summary>All parameters, in order of use.</summary>
    public IEnumerable<Parameter> Parameters =>
    [
        .. AttentionNorm.Parameters, .. Attention.Parameters, .. FeedForwardNorm.Parameters,
        .. FeedForward?.Parameters ?? [], .. Experts?.Parameters ?? [],
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
        x = AddOp.Apply(x, Attention.Forward(AttentionNorm.Forward(x), layout, caches, _layer));
        Tensor normed = FeedForwardNorm.Forward(x);
        if (Experts is null)
        {
            return AddOp.Apply(x, FeedForward!.Forward(normed));
        }

        MoeOutput output = Experts.Forward(normed, routing);
        outputs?.Add(output);
        return AddOp.Apply(x, output.Hidden);
    }
}
