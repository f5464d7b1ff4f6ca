using System.Globalization;
using System.Text;

namespace MoeSharp.Text.Templates.Values;

/// <summary>Writes a text as it stands inside a list: Python's <c>repr</c>, or JSON for the other dialect.</summary>
internal static class TextQuoting
{
    public static void Write(TextValue value, ValueWriter writer)
    {
        if (!writer.IsPython)
        {
            JsonText.WriteText(value, ensureAscii: false, writer);
            return;
        }

        string text = value.Text;
        char quote = text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        writer.Append(quote.ToString());
        int plain = 0; // what needs no escape is copied in one piece
        for (int i = 0; i < text.Length;)
        {
            Rune.DecodeFromUtf16(text.AsSpan(i), out Rune rune, out int length);
            bool lone = length == 1 && char.IsSurrogate(text[i]);
            string? escape = lone ? Hex('u', 4, text[i]) : Escape(rune, quote);
            if (escape is not null)
            {
                writer.Append(value, plain, i);
                writer.Append(escape, value.Marks?.OriginAt(i) ?? TextOrigin.Template);
                plain = i + length;
            }

            i += length;
        }

        writer.Append(value, plain, text.Length);
        writer.Append(quote.ToString());
    }

    private static string? Escape(Rune rune, char quote) => rune.Value switch
    {
        '\\' => "\\\\",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        int code when code == quote => "\\" + quote,
        < 0x20 or 0x7F => Hex('x', 2, rune.Value),
        < 0x7F => null,
        int code when IsPrintable(rune) => null,
        <= 0xFF => Hex('x', 2, rune.Value),
        <= 0xFFFF => Hex('u', 4, rune.Value),
        _ => Hex('U', 8, rune.Value),
    };

    internal static bool IsPrintable(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.SpaceSeparator);

    private static string Hex(char kind, int digits, int code) => "\\" + kind + code.ToString("x" + digits, CultureInfo.InvariantCulture);
}
