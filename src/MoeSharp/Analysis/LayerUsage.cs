namespace MoeSharp.Analysis;

/// <summary>How much work the experts of one layer did.</summary>
/// <param name="Layer">Number of the block.</param>
/// <param name="TokenCount">Tokens that were routed.</param>
/// <param name="Counts">Tokens each expert served <c>[E]</c>.</param>
/// <param name="Weights">Sum of the weights each expert was given <c>[E]</c>.</param>
public sealed record LayerUsage(int Layer, int TokenCount, IReadOnlyList<long> Counts, IReadOnlyList<double> Weights)
{
    /// <summary>Part of all served choices that went to an expert; the parts sum to 1.</summary>
    public double Share(int expert)
    {
        long total = Counts.Sum();
        return total == 0 ? 0 : (double)Counts[expert] / total;
    }

    /// <summary>Experts that no token visited.</summary>
    public int IdleCount => Counts.Count(count => count == 0);
}
