using MoeSharp.Inference;

namespace MoeSharp.Cli.Commands;

/// <summary>What an answer took.</summary>
/// <param name="Text">The answer.</param>
/// <param name="Tokens">Its tokens.</param>
/// <param name="Finish">Why it ended; null when it was interrupted.</param>
/// <param name="Seconds">How long it took, with the reading of the prompt.</param>
/// <param name="Lookup">What look-up brought; null where it is off, or when it was interrupted.</param>
internal sealed record ChatTurn(string Text, int Tokens, FinishReason? Finish, double Seconds, LookupStatistics? Lookup);
