namespace MoeSharp.Inference;

/// <summary>What looking up proposals in the text brought to one generation.</summary>
/// <param name="Passes">Forward passes after the prompt; without look-up one a token that was read.</param>
/// <param name="Proposed">Tokens that were proposed and read on trial.</param>
/// <param name="Accepted">Those of them that the model chose itself.</param>
public readonly record struct LookupStatistics(int Passes, int Proposed, int Accepted)
{
    /// <summary>Tokens read in a forward pass, on average; 1 without look-up.</summary>
    public double TokensPerPass => Passes == 0 ? 1 : (Passes + Accepted) / (double)Passes;
}
