namespace MoeSharp.Text.Patterns;

/// <summary>A pattern that is wrong or uses what is not supported; the reader of the file turns it into a fault of that file.</summary>
internal sealed class PatternSyntaxException(string pattern, int position, string fault)
    : FormatException($"pattern '{pattern}', character {position}: {fault}");
