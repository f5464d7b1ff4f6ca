namespace MoeSharp.Analysis.Scoring;

/// <summary>How far the reading of a text is.</summary>
/// <param name="DoneTokens">Tokens read.</param>
/// <param name="TotalTokens">Tokens to read.</param>
/// <param name="MeanNats">Mean of the tokens that counted so far; not a number before the first.</param>
public sealed record ScoreProgress(long DoneTokens, long TotalTokens, double MeanNats);
