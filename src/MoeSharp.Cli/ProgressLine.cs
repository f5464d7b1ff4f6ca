namespace MoeSharp.Cli;

/// <summary>How far something is: one line that is drawn again in a terminal, a line now and then in a file; nothing in the first two seconds.</summary>
internal sealed class ProgressLine(Terminal terminal) : IDisposable
{
    private const int BarLength = 24;
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_redraw = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_lineEvery = TimeSpan.FromSeconds(15);

    private readonly long _start = TimeProvider.System.GetTimestamp();
    private long _last;
    private bool _open;

    /// <summary>Time since the first moment.</summary>
    public TimeSpan Elapsed => TimeProvider.System.GetElapsedTime(_start);

    /// <summary>Tells how far it is.</summary>
    /// <param name="done">From 0 to 1.</param>
    /// <param name="text">What stands behind the bar; made only when it is shown.</param>
    public void Tell(double done, Func<string> text)
    {
        TimeSpan pause = terminal.IsWatched ? s_redraw : s_lineEvery;
        if (Elapsed < s_silence || (_last != 0 && TimeProvider.System.GetElapsedTime(_last) < pause))
        {
            return;
        }

        _last = TimeProvider.System.GetTimestamp();
        int full = (int)(Math.Clamp(done, 0, 1) * BarLength);
        string line = $"{new string('█', full)}{new string('░', BarLength - full)} {text()}";
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
}
