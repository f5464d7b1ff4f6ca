namespace MoeSharp.Analysis.Scoring;

/// <summary>A part of a text that a model reads afresh.</summary>
/// <param name="Start">First token.</param>
/// <param name="Length">Tokens that are read.</param>
/// <param name="FirstScored">The first token, counted from the window's start, whose probability counts; at least 1, since the first
/// token is predicted by nothing.</param>
public readonly record struct TextWindow(int Start, int Length, int FirstScored);
