namespace MoeSharp.Text.Templates.Nodes;

/// <summary>One argument as it is written.</summary>
/// <param name="Kind">How it is handed over.</param>
/// <param name="Name">Its name, when it has one.</param>
/// <param name="Value">Its value.</param>
internal sealed record CallArgument(CallArgumentKind Kind, string Name, Expression Value);
