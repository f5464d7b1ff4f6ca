namespace MoeSharp.Training.Schedules;

/// <summary>How a factor goes from one end to the other.</summary>
public enum RampShape
{
    /// <summary>In a straight line.</summary>
    Linear,

    /// <summary>Along half a cosine: slow, fast, slow.</summary>
    Cosine,

    /// <summary>Falling as 1 − √progress: fast, then slow (Hägele et al. 2024, arXiv:2405.18392); rising as its mirror image.</summary>
    OneMinusSqrt,
}
