namespace MoeSharp.Training.Schedules;

/// <summary>The full learning rate after the warm-up.</summary>
public sealed record ConstantSchedule : LearningRateSchedule
{
    /// <inheritdoc/>
    protected override double AfterWarmup(long step) => 1;
}
