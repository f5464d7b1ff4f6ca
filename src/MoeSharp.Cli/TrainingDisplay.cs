using System.Globalization;
using MoeSharp.Training;

namespace MoeSharp.Cli;

/// <summary>Progress of a training run: one line that is drawn again in a terminal, a line now and then in a file.</summary>
internal sealed class TrainingDisplay(Terminal terminal) : ITrainingCallback, IDisposable
{
    private const int BarLength = 24;
    private static readonly TimeSpan s_redraw = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_lineEvery = TimeSpan.FromSeconds(15);

    private long _last;
    private bool _open;

    public void OnStarted(TrainingState state, string? resumedFrom)
    {
        if (resumedFrom is not null)
        {
            Note($"going on after step {state.Step:N0} from {resumedFrom}");
        }
    }

    public void OnStep(StepReport report)
    {
        TimeSpan pause = terminal.IsWatched ? s_redraw : s_lineEvery;
        if (report.Step != report.StepCount && _last != 0 && TimeProvider.System.GetElapsedTime(_last) < pause)
        {
            return;
        }

        _last = TimeProvider.System.GetTimestamp();
        string line = Line(report);
        if (terminal.IsWatched)
        {
            terminal.Error.Write("\r" + line + "\u001b[K");
            _open = true;
        }
        else
        {
            terminal.Error.WriteLine(line);
        }
    }

    public void OnEvaluated(EvaluationReport report) => Note(string.Create(CultureInfo.InvariantCulture,
        $"step {report.Step:N0}: held-out loss {report.Loss:F4}, {report.BitsPerByte:F4} bits per byte{(report.IsBest ? " (best)" : "")}"));

    /// <summary>A line of its own above the bar.</summary>
    public void Note(string text)
    {
        Dispose();
        terminal.Error.WriteLine(text);
    }

    /// <summary>Ends the line that is drawn again and again.</summary>
    public void Dispose()
    {
        if (_open)
        {
            terminal.Error.WriteLine();
            _open = false;
        }
    }

    internal static string Line(StepReport report)
    {
        double done = report.Step / (double)report.StepCount;
        int full = (int)(done * BarLength);
        string bar = new string('█', full) + new string('░', BarLength - full);
        double worst = report.Layers.Count == 0 ? 0 : report.Layers.Max(layer => layer.MaxVio);
        string balance = report.Layers.Count == 0 ? "" : $", MaxVio {worst:F2}";
        return string.Create(CultureInfo.InvariantCulture,
            $"{bar} {report.Step:N0}/{report.StepCount:N0}, loss {report.CrossEntropy:F3}{balance}, {report.TokensPerSecond:N0} tokens/s, {Left(report.TimeLeft)} left");
    }

    private static string Left(TimeSpan time) => time.TotalHours >= 1
        ? $"{(int)time.TotalHours} h {time.Minutes} min"
        : time.TotalMinutes >= 1 ? $"{time.Minutes} min {time.Seconds} s" : $"{time.Seconds} s";
}
