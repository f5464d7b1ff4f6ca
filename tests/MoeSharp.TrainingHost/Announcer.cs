using MoeSharp.Training;

namespace MoeSharp.TrainingHost;

/// <summary>Says what happens, line by line.</summary>
internal sealed class Announcer : ITrainingCallback
{
    public void OnStarted(TrainingState state, string? resumedFrom) => Say($"started {state.Step}");

    public void OnStep(StepReport report) => Say($"step {report.Step}");

    public void OnSaved(string folder, TrainingState state) => Say($"saved {state.Step}");

    public static void Say(string line)
    {
        Console.Out.WriteLine(line);
        Console.Out.Flush();
    }
}
