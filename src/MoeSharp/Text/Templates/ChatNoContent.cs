namespace MoeSharp.Text.Templates;

/// <summary>What a template sees where a message has no content.</summary>
internal enum ChatNoContent
{
    /// <summary>None, as transformers gives it.</summary>
    None,

    /// <summary>An empty text.</summary>
    Text,

    /// <summary>A list with one part of empty text.</summary>
    Part,
}
