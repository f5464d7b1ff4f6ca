namespace MoeSharp.Text.Patterns;

/// <summary>What one <see cref="PatternInstruction"/> does.</summary>
internal enum PatternOperation
{
    /// <summary>Take one character of the set, else go back.</summary>
    Set,

    /// <summary>Take between <c>A</c> and <c>B</c> characters of the set.</summary>
    RepeatSet,

    /// <summary>Go on at <c>A</c>; when that fails, at <c>B</c>.</summary>
    Split,

    /// <summary>Go on at <c>A</c>.</summary>
    Jump,

    /// <summary>Try the part that follows without taking its text, then go on at <c>A</c>; behind, it is at most <c>B</c> characters long.</summary>
    Look,

    /// <summary>Match the part that follows, forget its choices, then go on at <c>A</c>.</summary>
    Atomic,

    /// <summary>The condition <see cref="PatternInstruction.Kind"/> holds here, else go back.</summary>
    Anchor,

    /// <summary>The pattern, or the part of a look-around or atomic group, has matched.</summary>
    End,
}
