using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace MoeSharp.Formats.Gguf;

/// <summary>The name of one part of a model in several files: <c>&lt;prefix&gt;-00001-of-00003.gguf</c>.</summary>
/// <param name="Prefix">Path up to the number.</param>
/// <param name="Number">From 1.</param>
/// <param name="Count">How many parts there are.</param>
internal sealed record GgufSplit(string Prefix, int Number, int Count)
{
    public const string NumberKey = "split.no";
    public const string CountKey = "split.count";
    public const string TensorCountKey = "split.tensors.count";

    private const string Extension = ".gguf";
    private const string Between = "-of-";
    private const int Digits = 5;

    /// <summary>Path of a part.</summary>
    /// <param name="number">From 1.</param>
    public string PathOf(int number) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}-{number:D5}-of-{Count:D5}{Extension}");

    /// <summary>Takes a path apart; false for a name that is not of this kind.</summary>
    public static bool TryParse(string path, [NotNullWhen(true)] out GgufSplit? split)
    {
        split = null;
        int tail = 1 + Digits + Between.Length + Digits + Extension.Length;
        if (path.Length <= tail || !path.EndsWith(Extension, StringComparison.Ordinal) || path[^tail] != '-')
        {
            return false;
        }

        ReadOnlySpan<char> name = path.AsSpan(path.Length - tail + 1);
        if (!name.Slice(Digits, Between.Length).SequenceEqual(Between)
            || !int.TryParse(name[..Digits], NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            || !int.TryParse(name.Slice(Digits + Between.Length, Digits), NumberStyles.None, CultureInfo.InvariantCulture, out int count)
            || number < 1 || number > count)
        {
            return false;
        }

        split = new GgufSplit(path[..^tail], number, count);
        return true;
    }
}
