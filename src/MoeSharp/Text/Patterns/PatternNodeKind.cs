namespace MoeSharp.Text.Patterns;

/// <summary>The kinds of <see cref="PatternNode"/>.</summary>
internal enum PatternNodeKind
{
    /// <summary>One character out of a set.</summary>
    Set,

    /// <summary>One part after the other.</summary>
    Sequence,

    /// <summary>The first alternative that leads to a match.</summary>
    Alternatives,

    /// <summary>A part several times.</summary>
    Repeat,

    /// <summary>A condition on the text around the position.</summary>
    Look,

    /// <summary>A part whose first match is final.</summary>
    Atomic,

    /// <summary>Start of the text, <c>\A</c>.</summary>
    TextStart,

    /// <summary>End of the text, <c>\z</c>.</summary>
    TextEnd,

    /// <summary>Start of a line, <c>^</c>.</summary>
    LineStart,

    /// <summary>End of a line, <c>$</c>.</summary>
    LineEnd,

    /// <summary>Between a word and a non-word character, <c>\b</c>.</summary>
    WordBoundary,

    /// <summary>Not between them, <c>\B</c>.</summary>
    NotWordBoundary,
}
