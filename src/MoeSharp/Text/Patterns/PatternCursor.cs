using System.Globalization;
using System.Text;

namespace MoeSharp.Text.Patterns;

/// <summary>A place in the text of a pattern: looks ahead, takes characters, reads escapes, names the place of a fault.</summary>
internal sealed class PatternCursor(string pattern)
{
    private readonly string _pattern = pattern;

    /// <summary>The index of the next character.</summary>
    public int Position { get; set; }

    /// <summary>Whether nothing is left.</summary>
    public bool AtEnd => Position >= _pattern.Length;

    /// <summary>The next character, or NUL at the end.</summary>
    public char Next => AtEnd ? '\0' : _pattern[Position];

    /// <summary>The character after the next one, or NUL.</summary>
    public char Second => Position + 1 < _pattern.Length ? _pattern[Position + 1] : '\0';

    /// <summary>Whether the next character is <paramref name="character"/>.</summary>
    public bool Is(char character) => !AtEnd && _pattern[Position] == character;

    /// <summary>Takes the next character if it is <paramref name="character"/>.</summary>
    public bool Take(char character)
    {
        if (!Is(character))
        {
            return false;
        }

        Position++;
        return true;
    }

    /// <summary>Takes <paramref name="text"/> if it comes next.</summary>
    public bool TakeText(string text)
    {
        if (string.CompareOrdinal(_pattern, Position, text, 0, text.Length) != 0)
        {
            return false;
        }

        Position += text.Length;
        return true;
    }

    /// <summary>Takes one code point as it stands.</summary>
    public int TakeCodePoint()
    {
        if (!Rune.TryGetRuneAt(_pattern, Position, out Rune rune))
        {
            throw Fault("there is half a surrogate pair");
        }

        Position += rune.Utf16SequenceLength;
        return rune.Value;
    }

    /// <summary>An escape as a set, or <see langword="null"/> and the one code point it stands for.</summary>
    public CodePointSet? TakeEscapedSet(out int value)
    {
        value = 0;
        Position++;
        if (AtEnd)
        {
            throw Fault("the pattern ends in a backslash");
        }

        char escape = _pattern[Position++];
        switch (escape)
        {
            case 's': return UnicodeProperty.WhiteSpace();
            case 'S': return UnicodeProperty.WhiteSpace().Negate();
            case 'd': return UnicodeProperty.Digit();
            case 'D': return UnicodeProperty.Digit().Negate();
            case 'w': return UnicodeProperty.Word();
            case 'W': return UnicodeProperty.Word().Negate();
            case 'p' or 'P': return TakeProperty(negated: escape == 'P');
            case 'n': value = '\n'; return null;
            case 'r': value = '\r'; return null;
            case 't': value = '\t'; return null;
            case 'f': value = '\f'; return null;
            case 'v': value = '\v'; return null;
            case 'a': value = '\a'; return null;
            case 'e': value = 0x1B; return null;
            case 'x': value = TakeHexadecimal(2); return null;
            case 'u': value = TakeHexadecimal(4); return null;
        }

        if (char.IsAsciiLetterOrDigit(escape))
        {
            Position -= 2;
            throw Fault($"the escape '\\{escape}' is not supported");
        }

        Position--;
        value = TakeCodePoint();
        return null;
    }

    private CodePointSet TakeProperty(bool negated)
    {
        int close = Is('{') ? _pattern.IndexOf('}', Position) : -1;
        if (close < 0)
        {
            throw Fault("a property needs its name in braces");
        }

        string name = _pattern[(Position + 1)..close];
        if (name.StartsWith('^'))
        {
            negated = !negated;
            name = name[1..];
        }

        if (!UnicodeProperty.TryGet(name, out CodePointSet set))
        {
            throw Fault($"the property '{name}' is not known. General categories and Han are");
        }

        Position = close + 1;
        return negated ? set.Negate() : set;
    }

    private int TakeHexadecimal(int digits)
    {
        int end = Position + digits;
        string text;
        if (digits == 2 && Is('{'))
        {
            int close = _pattern.IndexOf('}', Position);
            text = close < 0 ? string.Empty : _pattern[(Position + 1)..close];
            end = close + 1;
        }
        else
        {
            text = end <= _pattern.Length ? _pattern[Position..end] : string.Empty;
        }

        if (!int.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value) || !Rune.IsValid(value))
        {
            throw Fault("the hexadecimal escape is not a code point");
        }

        Position = end;
        return value;
    }

    /// <summary>The text up to (not including) the next <paramref name="close"/>, when there is one; the cursor stays.</summary>
    public string? PeekUntil(char close)
    {
        int end = _pattern.IndexOf(close, Position);
        return end < 0 ? null : _pattern[Position..end];
    }

    /// <summary>A fault at the present place.</summary>
    public PatternSyntaxException Fault(string fault) => new(_pattern, Position, fault);
}
