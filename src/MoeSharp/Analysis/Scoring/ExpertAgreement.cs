namespace MoeSharp.Analysis.Scoring;

/// <summary>How two models routed the same tokens through one layer.</summary>
/// <param name="Layer">Number of the block.</param>
/// <param name="TokenCount">Tokens that were routed.</param>
/// <param name="Overlap">Part of the first model's choices that the second made too, on average.</param>
/// <param name="SameSet">Part of the tokens for which both chose the same experts.</param>
/// <param name="First">Tokens each expert served in the first model <c>[E]</c>.</param>
/// <param name="Second">Tokens each expert served in the second model <c>[E]</c>.</param>
/// <param name="Both">Tokens each expert served in both <c>[E]</c>.</param>
public sealed record ExpertAgreement(
    int Layer, long TokenCount, double Overlap, double SameSet, IReadOnlyList<long> First, IReadOnlyList<long> Second, IReadOnlyList<long> Both)
{
    /// <summary>Experts that a token visits in the first model, on average.</summary>
    public double FirstPerToken => First.Sum() / (double)Math.Max(1, TokenCount);

    /// <summary>Experts that a token visits in the second model, on average.</summary>
    public double SecondPerToken => Second.Sum() / (double)Math.Max(1, TokenCount);

    /// <summary>Part of an expert's tokens in either model that it served in both; 1 where no token visited it.</summary>
    public double Of(int expert)
    {
        long either = First[expert] + Second[expert] - Both[expert];
        return either == 0 ? 1 : (double)Both[expert] / either;
    }
}
