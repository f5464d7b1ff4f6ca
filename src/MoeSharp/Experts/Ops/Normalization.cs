namespace MoeSharp.Experts.Ops;

/// <summary>How weights are made of chosen scores: <c>w = scale · s / D</c>.</summary>
/// <param name="Kind">What D is.</param>
internal readonly record struct Normalization(NormalizationKind Kind)
{
    /// <summary>Multiplies the result.</summary>
    public float Scale { get; init; } = 1;

    /// <summary>p of the norm.</summary>
    public float Power { get; init; } = 1;

    /// <summary>Added to the norm, or its lower limit.</summary>
    public float Epsilon { get; init; }

    /// <summary>True when dropped choices do not count in the norm.</summary>
    public bool AfterDrop { get; init; }

    /// <summary>True to divide by nothing when K is 1.</summary>
    public bool UnlessSingle { get; init; }

    /// <summary>True when weights of K choices are divided.</summary>
    public bool Divides(int topK) => Kind != NormalizationKind.None && !(UnlessSingle && topK == 1);
}
