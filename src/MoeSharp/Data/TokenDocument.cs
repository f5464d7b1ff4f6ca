namespace MoeSharp.Data;

/// <summary>One document in a stream of tokens.</summary>
/// <param name="Source">Where it came from.</param>
/// <param name="Start">Index of its first token.</param>
/// <param name="Length">Its tokens, the end token included.</param>
public readonly record struct TokenDocument(string Source, int Start, int Length);
