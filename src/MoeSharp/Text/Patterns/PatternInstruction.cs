namespace MoeSharp.Text.Patterns;

/// <summary>One step of a laid-out pattern.</summary>
internal sealed class PatternInstruction(PatternOperation operation)
{
    /// <summary>What to do.</summary>
    public readonly PatternOperation Operation = operation;

    /// <summary>First operand: a target, or the least number of repetitions.</summary>
    public int A;

    /// <summary>Second operand: a target, the most repetitions, or the longest look behind.</summary>
    public int B;

    /// <summary>The characters accepted.</summary>
    public CodePointSet? Set;

    /// <summary>Of a split: what its first way can begin with; null where anything can.</summary>
    public FirstBytes? First;

    /// <summary>Greedy, lazy or possessive.</summary>
    public RepeatKind Repeat;

    /// <summary>The condition of an anchor.</summary>
    public PatternNodeKind Kind;

    /// <summary>Of a look-around: it must not match.</summary>
    public bool Negative;

    /// <summary>Of a look-around: it looks back.</summary>
    public bool Behind;
}
