namespace MoeSharp.Formats.Hub;

/// <summary>Counts failures in a row, and waits longer after each.</summary>
internal sealed class HubRetries(HubOptions options)
{
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(30);

    private int _failures;

    /// <summary>Something came through.</summary>
    public void Reset() => _failures = 0;

    /// <summary>Waits before the next attempt.</summary>
    /// <exception cref="HubException">It failed too often in a row: the last fault, said to be so.</exception>
    public Task PauseAsync(HubException fault, CancellationToken cancellation)
    {
        _failures++;
        if (_failures >= options.AttemptCount)
        {
            throw new HubException($"{fault.Message} Given up after {_failures} attempts; run again to go on where it stopped.", fault);
        }

        TimeSpan pause = fault.WaitTime ?? options.FirstPause * Math.Pow(2, _failures - 1);
        return Task.Delay(pause < s_longest ? pause : s_longest, options.Clock, cancellation);
    }
}
