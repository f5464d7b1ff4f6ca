namespace MoeSharp.Text.Templates.Syntax;

/// <summary>A piece of a template.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Its characters; of a text in quotes, what it means.</param>
/// <param name="Line">Where it begins.</param>
internal readonly record struct TemplateToken(TokenKind Kind, string Text, int Line)
{
    /// <summary>Whether it is this sign.</summary>
    public bool IsOperator(string sign) => Kind == TokenKind.Operator && Text == sign;

    /// <summary>Whether it is this word.</summary>
    public bool IsName(string word) => Kind == TokenKind.Name && Text == word;

    /// <summary>How errors call it.</summary>
    public string Description => Kind switch
    {
        TokenKind.End => "the end of the template",
        TokenKind.BlockEnd => "'%}'",
        TokenKind.OutputEnd => "'}}'",
        TokenKind.Text => "text",
        _ => $"'{Text}'",
    };
}
