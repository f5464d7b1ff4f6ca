namespace MoeSharp.Text.Templates.Syntax;

/// <summary>What a token is.</summary>
internal enum TokenKind
{
    /// <summary>Text between tags.</summary>
    Text,

    /// <summary>Opens an expression that is printed.</summary>
    OutputBegin,

    /// <summary>Closes it.</summary>
    OutputEnd,

    /// <summary>Opens a statement.</summary>
    BlockBegin,

    /// <summary>Closes it.</summary>
    BlockEnd,

    /// <summary>A word.</summary>
    Name,

    /// <summary>A text in quotes.</summary>
    String,

    /// <summary>A whole number.</summary>
    Integer,

    /// <summary>A number with a fraction.</summary>
    Float,

    /// <summary>One or two signs.</summary>
    Operator,

    /// <summary>The end of the template.</summary>
    End,
}
