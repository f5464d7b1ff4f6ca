using MoeSharp.Layers;

namespace MoeSharp.Models.Decoding.Gguf;

/// <summary>OLMoE: queries and keys normed over the whole projection; weights are normalised never.</summary>
public sealed class OlmoeLayout : GgufLayout
{
    /// <inheritdoc/>
    public override string Architecture => "olmoe";

    internal override IReadOnlyList<string> ModelTypes => ["olmoe"];

    internal override QueryKeyNorm QueryKeyNorm => QueryKeyNorm.WholeProjection;

    internal override bool NormalizesWeights => false;

    internal override bool SharesWidthKey => true;
}
