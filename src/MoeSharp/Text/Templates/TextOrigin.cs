namespace MoeSharp.Text.Templates;

/// <summary>Who wrote a part of a rendered text.</summary>
public enum TextOrigin
{
    /// <summary>The template: the text of a special token is that token.</summary>
    Template,

    /// <summary>The model, in an earlier answer: special tokens are only text, other added tokens stay tokens.</summary>
    Model,

    /// <summary>A user, a tool or a program: no token that steers the model is recognised.</summary>
    Outside,
}
