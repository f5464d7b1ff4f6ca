namespace MoeSharp.Training.Monitoring;

/// <summary>When a layer counts as collapsed: any one of three signs, each over a window of steps.</summary>
/// <remarks>
/// A layer is well again only below three quarters of each sign, so that a value at the edge is not reported over and over.
/// </remarks>
public sealed record CollapseThresholds
{
    /// <summary>Steps whose loads are added up before they are judged.</summary>
    /// <value>20.</value>
    public int WindowStepCount { get; init; } = 20;

    /// <summary>Sign one: at least this share of the experts got no token in the whole window.</summary>
    /// <value>0.25.</value>
    public double DeadShare { get; init; } = 0.25;

    /// <summary>Sign two: the load entropy of the window (1 when even) falls below this.</summary>
    /// <value>0.75.</value>
    public double LoadEntropy { get; init; } = 0.75;

    /// <summary>Sign three: MaxVio of the window exceeds this share of its largest possible value, E/K − 1.</summary>
    /// <value>0.6.</value>
    public double MaxVioShare { get; init; } = 0.6;
}
