using MoeSharp.Layers;

namespace MoeSharp.Models.Decoding.Gguf;

/// <summary>DBRX: layer norms without bias, one matrix for queries, keys and values; the second norm has another name; weights are normalised always.</summary>
public sealed class DbrxLayout : GgufLayout
{
    /// <inheritdoc/>
    public override string Architecture => "dbrx";

    internal override IReadOnlyList<string> ModelTypes => ["dbrx"];

    internal override NormKind Norm => NormKind.Layer;

    internal override string EpsilonKey => "attention.layer_norm_epsilon";

    internal override string FeedForwardNormName => "attn_output_norm";

    internal override bool FusesAttention => true;

    internal override bool SharesWidthKey => true;
}
