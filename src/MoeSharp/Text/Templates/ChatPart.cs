namespace MoeSharp.Text.Templates;

/// <summary>A part of a message that is more than one text.</summary>
/// <param name="Type">What it is: <c>text</c>, <c>image</c>, …</param>
/// <param name="Text">Its text; null for other types.</param>
public sealed record ChatPart(string Type, string? Text = null);
