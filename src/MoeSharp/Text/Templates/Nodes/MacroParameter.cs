namespace MoeSharp.Text.Templates.Nodes;

/// <summary>A parameter of a macro.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Default">What stands for it when it is not given; null for nothing.</param>
internal sealed record MacroParameter(string Name, Expression? Default);
