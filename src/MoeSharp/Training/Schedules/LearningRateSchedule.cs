namespace MoeSharp.Training.Schedules;

/// <summary>The factor of the learning rate at each step: warm-up, then a shape.</summary>
/// <remarks>
/// Steps count from 0. A schedule is a function of the step and keeps nothing, so that a resumed run needs no state of it.
/// </remarks>
public abstract record LearningRateSchedule
{
    /// <summary>Its rise at the beginning.</summary>
    public Warmup Warmup { get; init; } = Warmup.None;

    /// <summary>The factor in force for the step, at least 0.</summary>
    /// <param name="step">0 for the first optimiser step.</param>
    public double Factor(long step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        return step < Warmup.StepCount ? Warmup.Factor(step) : AfterWarmup(step - Warmup.StepCount);
    }

    /// <summary>The factor once the warm-up is over.</summary>
    /// <param name="step">0 for the first step after the warm-up.</param>
    protected abstract double AfterWarmup(long step);
}
