using MoeSharp.Formats;

namespace MoeSharp.Analysis.Verification;

/// <summary>Something that a check found.</summary>
/// <param name="File">Name of the file.</param>
/// <param name="Item">The tensor, key or part of the file; null for the whole.</param>
/// <param name="Offset">Byte offset in the file; null when none applies.</param>
/// <param name="Message">What it is: a sentence without the place.</param>
/// <param name="IsFault">True for a defect, false for a remark.</param>
public sealed record VerifyFinding(string File, string? Item, long? Offset, string Message, bool IsFault)
{
    private const int LongestPart = 1000;

    /// <summary>One line: <c>file, item, byte n: message</c>; names come from the file, so control characters are shown as escapes.</summary>
    public override string ToString() =>
        $"{Shown(File)}{(Item is null ? "" : ", " + Shown(Item))}{(Offset is { } offset ? $", byte {offset:N0}" : "")}: {Shown(Message)}";

    private static string Shown(string text) => ModelFormatException.Printable(text, LongestPart);
}
