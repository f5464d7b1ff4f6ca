namespace MoeSharp.Training.Schedules;

/// <summary>The rise of the learning rate at the beginning of a run.</summary>
/// <param name="StepCount">Steps it takes; 0 for none.</param>
/// <param name="Start"><value>The factor it rises from, 0 by default.</value></param>
/// <param name="Shape"><value>Linear by default.</value></param>
/// <param name="CountsFromZero">
/// <value>False: the first step already has 1/StepCount, so no step is wasted. True: step/StepCount, as in transformers, where
/// the first step changes nothing when <paramref name="Start"/> is 0.</value>
/// </param>
public sealed record Warmup(
    long StepCount, double Start = 0, RampShape Shape = RampShape.Linear, bool CountsFromZero = false)
{
    /// <summary>No warm-up.</summary>
    public static Warmup None { get; } = new(0);

    /// <summary>Steps it takes.</summary>
    public long StepCount { get; } = StepCount >= 0
        ? StepCount
        : throw new ArgumentOutOfRangeException(
            nameof(StepCount), $"warm-up: {StepCount} steps are not possible. It must be at least 0.");

    /// <summary>The factor within the warm-up.</summary>
    /// <param name="step">0 to <see cref="StepCount"/> − 1.</param>
    public double Factor(long step)
    {
        double progress = (step + (CountsFromZero ? 0 : 1)) / (double)StepCount;
        return Start + ((1 - Start) * Ramp.Rise(Shape, progress));
    }
}
