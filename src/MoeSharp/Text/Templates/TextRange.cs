namespace MoeSharp.Text.Templates;

/// <summary>A part of a text that the template did not write.</summary>
/// <param name="Start">Its first character.</param>
/// <param name="End">The character after its last.</param>
/// <param name="Origin">Who wrote it.</param>
public readonly record struct TextRange(int Start, int End, TextOrigin Origin);
