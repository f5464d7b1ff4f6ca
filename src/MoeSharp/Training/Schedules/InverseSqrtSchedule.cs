namespace MoeSharp.Training.Schedules;

/// <summary>Falls as one over the square root of the step, without an end.</summary>
/// <remarks>
/// <para>Formula: <c>√(timescale / (timescale + s))</c>, s steps after the warm-up, as transformers' inverse square root
/// (Zhai et al. 2022, arXiv:2106.04560).</para>
/// </remarks>
/// <param name="Timescale">Steps after which the factor is √½; null takes the length of the warm-up, or 10,000 without one.</param>
public sealed record InverseSqrtSchedule(long? Timescale = null) : LearningRateSchedule
{
    /// <inheritdoc/>
    protected override double AfterWarmup(long step)
    {
        double timescale = Timescale ?? (Warmup.StepCount > 0 ? Warmup.StepCount : 10_000);
        return 1 / Math.Sqrt((step + timescale) / timescale);
    }
}
