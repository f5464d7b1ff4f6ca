namespace MoeSharp.Training.Schedules;

/// <summary>A fall over the whole length of the run after the warm-up: cosine, linear or 1-sqrt, down to a minimum.</summary>
/// <remarks>
/// <para>Formula: <c>minimum + (1 − minimum)·fall(2·cycles·progress)</c>, progress = steps after the warm-up / (total − warm-up).</para>
/// <para>Past the end the factor stays where it ended, unless <see cref="FollowsPastEnd"/>: transformers and torch follow the
/// cosine, and rise again.</para>
/// </remarks>
/// <param name="TotalStepCount">Steps of the run, the warm-up included.</param>
/// <param name="Minimum">The factor at the end, 0 to 1.</param>
/// <param name="Shape">The curve.</param>
public sealed record DecaySchedule(long TotalStepCount, double Minimum = 0, RampShape Shape = RampShape.Cosine)
    : LearningRateSchedule
{
    /// <summary>Waves of the cosine.</summary>
    /// <value>0.5: one fall.</value>
    public double Cycles { get; init; } = 0.5;

    /// <summary>True to go on with the cosine past the end of the run, where it rises.</summary>
    /// <value>false.</value>
    public bool FollowsPastEnd { get; init; }

    /// <inheritdoc/>
    protected override double AfterWarmup(long step)
    {
        double progress = step / (double)Math.Max(1, TotalStepCount - Warmup.StepCount);
        if (progress > 1 && !(FollowsPastEnd && Shape == RampShape.Cosine))
        {
            progress = 1;
        }

        double fall = Ramp.Fall(Shape, Shape == RampShape.Cosine ? 2 * Cycles * progress : progress);
        return Math.Max(0, Minimum + ((1 - Minimum) * fall));
    }
}
