namespace MoeSharp.Inference.Sampling;

/// <summary>Looks for stop texts in a stream, and holds back what may be the beginning of one.</summary>
/// <remarks>The stop text itself and what follows it are never given out. Works on UTF-16 text, so stops may span tokens.</remarks>
public sealed class StopText
{
    private readonly string[] _stops;
    private string _held = "";

    /// <summary>Starts a stream.</summary>
    /// <param name="stops">The texts; none may be empty.</param>
    /// <exception cref="ArgumentException">A stop text is empty.</exception>
    public StopText(IEnumerable<string> stops)
    {
        _stops = [.. stops];
        if (_stops.Any(string.IsNullOrEmpty))
        {
            throw new ArgumentException("stop text: a stop text is empty. Each needs at least one character.", nameof(stops));
        }
    }

    /// <summary>True once a stop text was found.</summary>
    public bool IsStopped { get; private set; }

    /// <summary>Adds text, and returns what can be given out.</summary>
    /// <param name="text">The next piece.</param>
    public string Add(string text)
    {
        if (IsStopped)
        {
            return "";
        }

        if (_stops.Length == 0)
        {
            return text;
        }

        string all = _held + text;
        // Of several the one that is complete first; so the same text comes out however it is cut.
        int start = -1, end = int.MaxValue;
        foreach (string stop in _stops)
        {
            int at = all.IndexOf(stop, StringComparison.Ordinal);
            if (at >= 0 && (at + stop.Length < end || (at + stop.Length == end && at < start)))
            {
                (start, end) = (at, at + stop.Length);
            }
        }

        if (start >= 0)
        {
            IsStopped = true;
            _held = "";
            return all[..start];
        }

        int keep = LongestBeginning(all);
        _held = all[^keep..];
        return all[..^keep];
    }

    /// <summary>Ends the stream: what was held back turned out to be ordinary text.</summary>
    public string Flush()
    {
        string rest = _held;
        _held = "";
        return rest;
    }

    private int LongestBeginning(string text)
    {
        int longest = 0;
        foreach (string stop in _stops)
        {
            for (int length = Math.Min(stop.Length - 1, text.Length); length > longest; length--)
            {
                if (text.EndsWith(stop[..length], StringComparison.Ordinal))
                {
                    longest = length;
                    break;
                }
            }
        }

        return longest;
    }
}
