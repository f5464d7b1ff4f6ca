using System.Globalization;
using System.Text;

namespace MoeSharp.Formats;

/// <summary>A file of a model (weights, index, tokenizer, checkpoint) that breaks its format or cannot be read as what it claims to be.</summary>
/// <remarks>
/// <para>The message is one line: <c>&lt;file&gt;, &lt;item&gt;, byte &lt;offset&gt;: &lt;what was wrong&gt;</c>; parts that are not known are left out.</para>
/// <para>Names come from the file and may hold anything: control characters are shown as <c>\u000A</c> and long texts are cut, so that
/// the message stays one readable line and cannot write to a terminal.</para>
/// <para>Files are untrusted: every defect of a file ends here, never in another exception type, a crash or a read past the data.</para>
/// </remarks>
public sealed class ModelFormatException : Exception
{
    private const int MaxItemLength = 200;
    private const int MaxMessageLength = 1000;

    /// <summary>Creates the exception; the message is composed from all four parts.</summary>
    /// <param name="file">Path or name of the file; only its last part is printed, all of it is kept in <see cref="File"/>.</param>
    /// <param name="item">What inside the file: <c>tensor 'x'</c>, <c>key 'vocab'</c>, <c>header</c>; <see langword="null"/> when it concerns the whole file.</param>
    /// <param name="offset">Byte offset in the file where the defect is; <see langword="null"/> when no offset applies.</param>
    /// <param name="message">What was wrong, with the values, and what is allowed: <c>has type IQ2_XS, which is not supported. Re-quantise to Q4_K.</c></param>
    /// <param name="innerException">The exception that revealed the defect, if any.</param>
    public ModelFormatException(string file, string? item, long? offset, string message, Exception? innerException = null)
        : base(Compose(file, item, offset, message), innerException)
    {
        File = file;
        Item = item;
        Offset = offset;
        Fault = message;
    }

    /// <summary>Path or name of the file, as given.</summary>
    public string File { get; }

    /// <summary>The tensor, key or part of the file concerned; <see langword="null"/> for the whole file.</summary>
    public string? Item { get; }

    /// <summary>Byte offset in the file; <see langword="null"/> when none applies.</summary>
    public long? Offset { get; }

    /// <summary>What was wrong, without the place.</summary>
    public string Fault { get; }

    private static string Compose(string file, string? item, long? offset, string message)
    {
        string name = Path.GetFileName(file);
        string where = name.Length == 0 ? file : name;
        if (!string.IsNullOrEmpty(item))
        {
            where += ", " + Printable(item, MaxItemLength);
        }

        if (offset is long position)
        {
            where += ", byte " + position.ToString("N0", CultureInfo.InvariantCulture);
        }

        return where + ": " + Printable(message, MaxMessageLength);
    }

    /// <summary>A text on one line, with control characters as escapes, cut to a length.</summary>
    internal static string Printable(string text, int maxLength)
    {
        bool cut = text.Length > maxLength;
        var shown = new StringBuilder();
        foreach (char letter in cut ? text.AsSpan(0, maxLength) : text)
        {
            if (char.IsControl(letter) || letter is '\u2028' or '\u2029')
            {
                shown.Append(CultureInfo.InvariantCulture, $"\\u{(int)letter:X4}");
            }
            else
            {
                shown.Append(letter);
            }
        }

        return cut ? shown.Append(" …").ToString() : shown.ToString();
    }
}
