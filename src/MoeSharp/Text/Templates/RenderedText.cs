namespace MoeSharp.Text.Templates;

/// <summary>What a template rendered.</summary>
/// <param name="Text">The text.</param>
/// <param name="Content">The parts that the template did not write, such as the words of a user, in order.</param>
/// <param name="Source">The template; the tokens it names steer the model.</param>
public sealed record RenderedText(string Text, IReadOnlyList<TextRange> Content, string Source);
