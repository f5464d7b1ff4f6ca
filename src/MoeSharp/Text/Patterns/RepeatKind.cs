namespace MoeSharp.Text.Patterns;

/// <summary>How a repetition chooses its length.</summary>
internal enum RepeatKind
{
    /// <summary>As many as possible, giving back when the rest fails.</summary>
    Greedy,

    /// <summary>As few as possible.</summary>
    Lazy,

    /// <summary>As many as possible, giving nothing back.</summary>
    Possessive,
}
