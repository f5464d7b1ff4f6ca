namespace MoeSharp.Inference;

/// <summary>One token of a continuation.</summary>
/// <param name="Id">The token; −1 in a last element that only carries the end.</param>
/// <param name="Text">The text that can be given out now: whole characters, empty while a character or a possible stop text is incomplete.</param>
/// <param name="Finish">Why the generation ended, on its last element; null before.</param>
/// <param name="Lookup">What look-up brought, on the last element; null before, and where it is off.</param>
public readonly record struct GeneratedToken(int Id, string Text, FinishReason? Finish = null, LookupStatistics? Lookup = null);
