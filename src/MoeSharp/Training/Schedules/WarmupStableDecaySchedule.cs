namespace MoeSharp.Training.Schedules;

/// <summary>Warm-up, then the full learning rate, then a fall to a minimum (WSD); past its end the minimum stays.</summary>
/// <remarks>Source: Hu et al. 2024 (MiniCPM), arXiv:2404.06395; the curves as transformers' warm-up-stable-decay.</remarks>
/// <param name="StableStepCount">Steps at the full rate after the warm-up.</param>
/// <param name="DecayStepCount">Steps of the fall.</param>
/// <param name="Minimum">The factor at the end, 0 to 1.</param>
/// <param name="Shape">The curve of the fall.</param>
public sealed record WarmupStableDecaySchedule(
    long StableStepCount, long DecayStepCount, double Minimum = 0, RampShape Shape = RampShape.Linear)
    : LearningRateSchedule
{
    /// <summary>Waves of a cosine fall.</summary>
    /// <value>0.5: one fall.</value>
    public double Cycles { get; init; } = 0.5;

    /// <inheritdoc/>
    protected override double AfterWarmup(long step)
    {
        if (step < StableStepCount)
        {
            return 1;
        }

        long into = step - StableStepCount;
        if (into >= DecayStepCount)
        {
            return Minimum;
        }

        double progress = into / (double)DecayStepCount;
        double fall = Ramp.Fall(Shape, Shape == RampShape.Cosine ? 2 * Cycles * progress : progress);
        return Math.Max(0, Minimum + ((1 - Minimum) * fall));
    }
}
