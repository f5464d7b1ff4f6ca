namespace MoeSharp.Text.Patterns;

/// <summary>Choices still open while a pattern is tried; one per caller, kept between matches.</summary>
internal sealed class BacktrackStack
{
    private (int Step, int Position, int Limit)[] _entries = new (int, int, int)[64];

    /// <summary>Number of open choices.</summary>
    public int Count { get; set; }

    /// <summary>Adds a choice: where to go on, at which position, and a bound whose meaning belongs to the instruction (-1 when it has none).</summary>
    public void Push(int step, int position, int limit)
    {
        if (Count == _entries.Length)
        {
            Array.Resize(ref _entries, 2 * Count);
        }

        _entries[Count++] = (step, position, limit);
    }

    /// <summary>Takes the latest choice.</summary>
    public (int Step, int Position, int Limit) Pop() => _entries[--Count];
}
