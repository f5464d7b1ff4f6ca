namespace MoeSharp.Training;

/// <summary>Something that watches a run: progress, files, collapse detection. The loop itself does none of it.</summary>
/// <remarks>Called on the training thread, in the order the callbacks were given. A fault in a callback ends the run.</remarks>
public interface ITrainingCallback
{
    /// <summary>Before the first step.</summary>
    /// <param name="state">Where the run stands; step 0, or that of the checkpoint it goes on from.</param>
    /// <param name="resumedFrom">The checkpoint, or null for a fresh run.</param>
    void OnStarted(TrainingState state, string? resumedFrom)
    {
    }

    /// <summary>After every optimiser step.</summary>
    /// <param name="report">Reused by the next step.</param>
    void OnStep(StepReport report)
    {
    }

    /// <summary>After every measurement on held-out text.</summary>
    /// <param name="report">The measurement.</param>
    void OnEvaluated(EvaluationReport report)
    {
    }

    /// <summary>After a checkpoint is complete on disk.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="state">What it holds.</param>
    void OnSaved(string folder, TrainingState state)
    {
    }

    /// <summary>At the end, also after a cancellation; not after a fault.</summary>
    /// <param name="result">How it ended.</param>
    void OnStopped(TrainingResult result)
    {
    }
}
