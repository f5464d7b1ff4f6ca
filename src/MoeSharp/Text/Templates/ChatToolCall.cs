namespace MoeSharp.Text.Templates;

/// <summary>A call of a tool that an assistant made.</summary>
/// <param name="Name">The tool.</param>
/// <param name="Arguments">What it was given, as JSON.</param>
/// <param name="Id">What the answer refers to; null for none.</param>
public sealed record ChatToolCall(string Name, string Arguments, string? Id = null);
