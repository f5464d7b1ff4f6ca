using System.Globalization;
using System.Text;

namespace MoeSharp.Text.Templates.Syntax;

/// <summary>Texts in quotes, with Python's escapes.</summary>
internal static class StringText
{
    /// <summary>The text that begins with the quote at <paramref name="start"/>.</summary>
    /// <exception cref="TemplateException">The closing quote is missing, or an escape is broken.</exception>
    public static string Read(string source, int start, out int end)
    {
        char quote = source[start];
        var text = new StringBuilder();
        int position = start + 1;
        while (position < source.Length)
        {
            char character = source[position];
            if (character == quote)
            {
                end = position + 1;
                return text.ToString();
            }

            if (character == '\\' && position + 1 < source.Length)
            {
                position = ReadEscape(source, position + 1, text);
            }
            else
            {
                text.Append(character);
                position++;
            }
        }

        throw new TemplateException($"a text has no end. Close it with {quote}");
    }

    // Reads what stands after a backslash; gives the place after it.
    private static int ReadEscape(string source, int at, StringBuilder text)
    {
        char kind = source[at];
        switch (kind)
        {
            case '\n':
                return at + 1; // a line end after a backslash is no character
            case 'x':
                return ReadHex(source, at, 2, text);
            case 'u':
                return ReadHex(source, at, 4, text);
            case 'U':
                return ReadHex(source, at, 8, text);
            case >= '0' and <= '7':
                int end = at, code = 0;
                for (; end < Math.Min(at + 3, source.Length) && source[end] is >= '0' and <= '7'; end++)
                {
                    code = (code * 8) + source[end] - '0';
                }

                text.Append((char)code);
                return end;
        }

        char plain = kind switch
        {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'a' => '\a',
            'b' => '\b',
            'f' => '\f',
            'v' => '\v',
            '\\' or '\'' or '"' => kind,
            _ => '\0',
        };
        if (plain == '\0')
        {
            text.Append('\\').Append(kind); // as Python: no escape, so both characters stay
        }
        else
        {
            text.Append(plain);
        }

        return at + 1;
    }

    private static int ReadHex(string source, int at, int digits, StringBuilder text)
    {
        if (at + digits >= source.Length
            || !uint.TryParse(source.AsSpan(at + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint code)
            || code > 0x10FFFF)
        {
            throw new TemplateException($"the escape '\\{source[at]}' needs {digits} hexadecimal digits of a character. Correct it");
        }

        text.Append(code <= 0xFFFF ? ((char)code).ToString() : char.ConvertFromUtf32((int)code));
        return at + digits + 1;
    }
}
