namespace MoeSharp.Formats.TensorBoard;

/// <summary>One record of an event file.</summary>
/// <param name="WallTime">Seconds since 1970 in UTC, with their fraction.</param>
/// <param name="Step">Training step; 0 when none was given.</param>
public sealed record EventRecord(double WallTime, long Step)
{
    /// <summary>Set in the first record of a file only: <c>brain.Event:2</c>.</summary>
    public string? FileVersion { get; init; }

    /// <summary>Which program wrote the file; some writers name it in the first record.</summary>
    public string? SourceWriter { get; init; }

    /// <summary>The values; empty in the first record.</summary>
    public IReadOnlyList<SummaryValue> Values { get; init; } = [];
}
