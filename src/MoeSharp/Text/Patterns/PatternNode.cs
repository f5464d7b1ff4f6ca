namespace MoeSharp.Text.Patterns;

/// <summary>A parsed piece of a pattern, before it is laid out as instructions.</summary>
/// <param name="Kind">What the piece is.</param>
/// <param name="Children">Parts of a sequence or alternatives; the one body of a repetition, look-around or atomic group.</param>
internal sealed record PatternNode(PatternNodeKind Kind, IReadOnlyList<PatternNode> Children)
{
    /// <summary>The characters that a <see cref="PatternNodeKind.Set"/> accepts.</summary>
    public CodePointSet? Set { get; init; }

    /// <summary>Least number of repetitions.</summary>
    public int Minimum { get; init; }

    /// <summary>Most repetitions; <see cref="int.MaxValue"/> when unbounded.</summary>
    public int Maximum { get; init; }

    /// <summary>Greedy, lazy or possessive.</summary>
    public RepeatKind Repeat { get; init; }

    /// <summary>Of a look-around: it must not match.</summary>
    public bool Negative { get; init; }

    /// <summary>Of a look-around: it looks at the text before the position.</summary>
    public bool Behind { get; init; }

    /// <summary>Fewest characters the piece can match.</summary>
    public long MinimumLength => Kind switch
    {
        PatternNodeKind.Set => 1,
        PatternNodeKind.Sequence or PatternNodeKind.Atomic => Children.Sum(child => child.MinimumLength),
        PatternNodeKind.Alternatives => Children.Min(child => child.MinimumLength),
        PatternNodeKind.Repeat => Math.Min(int.MaxValue, Minimum * Children[0].MinimumLength),
        _ => 0,
    };

    /// <summary>Most characters the piece can match; <see cref="int.MaxValue"/> when unbounded.</summary>
    public long MaximumLength => Kind switch
    {
        PatternNodeKind.Set => 1,
        PatternNodeKind.Sequence or PatternNodeKind.Atomic => Math.Min(int.MaxValue, Children.Sum(child => child.MaximumLength)),
        PatternNodeKind.Alternatives => Children.Max(child => child.MaximumLength),
        PatternNodeKind.Repeat => Math.Min(int.MaxValue, Maximum * Children[0].MaximumLength),
        _ => 0,
    };
}
