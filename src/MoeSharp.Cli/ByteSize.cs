using System.Globalization;

namespace MoeSharp.Cli;

/// <summary>Sizes as people write them: <c>16GB</c> (10⁹), <c>16GiB</c> (2³⁰), <c>500MB</c>.</summary>
internal static class ByteSize
{
    private static readonly (string Suffix, double Factor)[] s_units =
    [
        ("TiB", Math.Pow(2, 40)), ("GiB", Math.Pow(2, 30)), ("MiB", Math.Pow(2, 20)), ("KiB", 1024),
        ("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("KB", 1e3), ("T", 1e12), ("G", 1e9), ("M", 1e6), ("B", 1), ("", 1),
    ];

    /// <summary>Reads a size.</summary>
    /// <param name="option">The option it was given to, for the message.</param>
    /// <param name="text">What was given.</param>
    /// <exception cref="UsageException">It is no size.</exception>
    public static long Parse(string option, string text)
    {
        (string suffix, double factor) = s_units.First(unit => text.EndsWith(unit.Suffix, StringComparison.OrdinalIgnoreCase));
        return double.TryParse(text[..^suffix.Length].TrimEnd(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)
            && number * factor is > 0 and < 1e18
            ? (long)(number * factor)
            : throw new UsageException($"{option}: '{text}' is no size. Use a number with GB or GiB, as 16GB.");
    }

    /// <summary>A size in GB or MB.</summary>
    public static string Show(double bytes) => bytes >= 1e9
        ? (bytes / 1e9).ToString("F2", CultureInfo.InvariantCulture) + " GB"
        : (bytes / 1e6).ToString("F1", CultureInfo.InvariantCulture) + " MB";
}
