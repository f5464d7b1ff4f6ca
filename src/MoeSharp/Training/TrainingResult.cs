namespace MoeSharp.Training;

/// <summary>How a run ended.</summary>
/// <param name="Reason">Why.</param>
/// <param name="State">Where it stands.</param>
/// <param name="CheckpointFolder">The checkpoint that holds this state; null when nothing is saved.</param>
/// <param name="LastEvaluation">The latest measurement, if any.</param>
public sealed record TrainingResult(
    StopReason Reason, TrainingState State, string? CheckpointFolder, EvaluationReport? LastEvaluation)
{
    /// <summary>One line for a terminal: what happened, and how to go on.</summary>
    /// <param name="stepCount">Steps the run was to have.</param>
    public string Describe(long stepCount)
    {
        string saved = CheckpointFolder is null
            ? "Nothing is saved: the run has no folder for checkpoints."
            : $"Saved in {CheckpointFolder}.";
        return Reason switch
        {
            StopReason.Finished => $"Finished {State.Step:N0} steps. {saved}",
            StopReason.Cancelled when CheckpointFolder is null => $"Stopped after step {State.Step:N0} of {stepCount:N0}. {saved}",
            StopReason.Cancelled =>
                $"Stopped after step {State.Step:N0} of {stepCount:N0}. {saved} Run the same command again to go on.",
            _ => $"The data ended after step {State.Step:N0} of {stepCount:N0}. {saved}",
        };
    }
}
