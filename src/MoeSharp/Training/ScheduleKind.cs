namespace MoeSharp.Training;

/// <summary>The shape of the learning rate over a run.</summary>
public enum ScheduleKind
{
    /// <summary>Warm-up, then half a cosine down to the minimum.</summary>
    Cosine,

    /// <summary>Warm-up, then a straight line down to the minimum.</summary>
    Linear,

    /// <summary>Warm-up, then the full rate.</summary>
    Constant,

    /// <summary>Warm-up, then one over the square root of the step.</summary>
    InverseSqrt,

    /// <summary>Warm-up, the full rate, and a fall over the last steps.</summary>
    WarmupStableDecay,
}
