using System.Text;

namespace MoeSharp.Formats.Hub;

/// <summary>Names that a hub chose, and whether they may be used below a folder of ours.</summary>
internal static class HubPaths
{
    private static readonly string[] s_devices =
    [
        "CON", "PRN", "AUX", "NUL", .. Enumerable.Range(0, 10).SelectMany(digit => new[] { $"COM{digit}", $"LPT{digit}" }),
    ];

    /// <summary>Demands a repository's name.</summary>
    /// <exception cref="ArgumentException">It is not <c>OWNER/NAME</c> of letters, digits, <c>-</c>, <c>_</c> and <c>.</c>.</exception>
    public static void ThrowIfNoRepository(string repository)
    {
        string[] parts = repository.Split('/');
        if (parts.Length != 2 || !parts.All(IsName))
        {
            throw new ArgumentException(
                $"'{Show(repository)}' is no repository. Use OWNER/NAME of letters, digits, '-', '_' and '.', as allenai/OLMoE-1B-7B-0924.", nameof(repository));
        }

        static bool IsName(string part) => part.Length is > 0 and <= 200 && part[0] is not ('.' or '-') && !part.Contains("..", StringComparison.Ordinal)
            && part.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.');
    }

    /// <summary>Refuses a path that could lead out of the folder it is put in, on any system.</summary>
    /// <exception cref="HubException">It is absolute, names a drive or a parent, or has a character that no system should be given.</exception>
    public static void ThrowIfUnsafe(string repository, string path)
    {
        string? fault = path.Length == 0 ? "is empty"
            : path.Length > 1000 ? "is longer than 1000 characters"
            : path[0] == '/' ? "is absolute"
            : path.Contains('\\') ? "has a backslash"
            : path.Contains(':') ? "has a colon, as drives and streams have"
            : path.Any(char.IsControl) ? "has a control character"
            : path.Split('/').Select(FaultOfPart).FirstOrDefault(part => part is not null);
        if (fault is not null)
        {
            throw new HubException($"{repository}: the hub lists the file '{Show(path)}', whose path {fault}. It could leave the target folder, so nothing is downloaded.");
        }
    }

    /// <summary>Where a file goes.</summary>
    /// <param name="folder">The target folder, full path; may itself be a link.</param>
    /// <param name="repository">For messages.</param>
    /// <param name="path">The hub's path.</param>
    /// <exception cref="HubException">The path is unsafe, or goes through a link.</exception>
    public static string TargetOf(string folder, string repository, string path)
    {
        ThrowIfUnsafe(repository, path);
        string current = folder;
        foreach (string part in path.Split('/'))
        {
            current = Path.Combine(current, part);
            ThrowIfLink(repository, path, current);
        }

        return current;
    }

    /// <summary>Refuses to write through a link.</summary>
    public static void ThrowIfLink(string repository, string path, string place)
    {
        if (new FileInfo(place).LinkTarget is not null)
        {
            throw new HubException($"{repository}: '{Show(path)}' would be written through the link {place}, out of the target folder. Remove the link or choose another folder.");
        }
    }

    /// <summary>A hub's text, fit for a terminal.</summary>
    public static string Show(string text)
    {
        var shown = new StringBuilder();
        foreach (char letter in text.AsSpan(0, Math.Min(text.Length, 200)))
        {
            shown.Append(char.IsControl(letter) || letter is '\u2028' or '\u2029' ? $"\\u{(int)letter:X4}" : letter.ToString());
        }

        return shown.Append(text.Length > 200 ? " …" : "").ToString();
    }

    private static string? FaultOfPart(string part) =>
        part.Length == 0 ? "has an empty part"
        : part is "." or ".." ? "names a parent or itself"
        : part[^1] is '.' or ' ' ? "has a part that ends in a dot or a blank"
        : s_devices.Contains(part.Split('.')[0].TrimEnd(), StringComparer.OrdinalIgnoreCase) ? "names a device"
        : part.EndsWith(HubDownload.PartSuffix, StringComparison.OrdinalIgnoreCase) || part.EndsWith(HubDownload.TagSuffix, StringComparison.OrdinalIgnoreCase)
            ? "ends as unfinished downloads do"
            : null;
}
