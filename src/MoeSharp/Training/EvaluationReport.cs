namespace MoeSharp.Training;

/// <summary>One measurement on held-out text.</summary>
/// <param name="Step">Optimiser steps done.</param>
/// <param name="Loss">Mean cross-entropy of the counted tokens, nats.</param>
/// <param name="BitsPerByte">The same per byte of text: <c>loss / ln 2 / bytes per token</c>; comparable between tokenizers.</param>
/// <param name="TokenCount">Tokens that counted.</param>
/// <param name="IsBest">True when no earlier measurement of this run was better.</param>
public sealed record EvaluationReport(long Step, double Loss, double BitsPerByte, long TokenCount, bool IsBest);
