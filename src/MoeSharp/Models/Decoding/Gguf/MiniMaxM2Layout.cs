using MoeSharp.Layers;

namespace MoeSharp.Models.Decoding.Gguf;

/// <summary>MiniMax-M2: queries and keys normed over the whole projection, sigmoid scores, an expert bias; weights are normalised always.</summary>
public sealed class MiniMaxM2Layout : GgufLayout
{
    /// <inheritdoc/>
    public override string Architecture => "minimax-m2";

    internal override IReadOnlyList<string> ModelTypes => ["minimax_m2"];

    internal override QueryKeyNorm QueryKeyNorm => QueryKeyNorm.WholeProjection;

    internal override ScoreKind Score => ScoreKind.Sigmoid;
}
