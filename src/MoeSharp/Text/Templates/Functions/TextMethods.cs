using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Functions;

/// <summary>The methods of Python's texts.</summary>
internal static partial class TextMethods
{
    private static readonly Dictionary<string, Func<Rendering, TextValue, Arguments, Value>> s_all = Create();

    /// <summary>A method of a text, or null.</summary>
    public static Value? Find(TextValue text, string name) => s_all.TryGetValue(name, out Func<Rendering, TextValue, Arguments, Value>? method)
        ? new FunctionValue(name, (rendering, arguments) => method(rendering, text, arguments))
        : null;

    /// <summary>Calls a method that exists.</summary>
    public static Value Call(Rendering rendering, TextValue text, string name, Arguments arguments) => s_all[name](rendering, text, arguments);

    private static Dictionary<string, Func<Rendering, TextValue, Arguments, Value>> Create() => new(StringComparer.Ordinal)
    {
        ["upper"] = (r, t, a) => t.With(t.Text.ToUpperInvariant().Replace("ß", "SS", StringComparison.Ordinal)),
        ["lower"] = (r, t, a) => t.With(t.Text.ToLowerInvariant()),
        ["casefold"] = (r, t, a) => t.With(t.Text.ToLowerInvariant()),
        ["capitalize"] = (r, t, a) => t.With(Capitalize(t.Text)),
        ["title"] = (r, t, a) => t.With(Title(t.Text)),
        ["swapcase"] = (r, t, a) => t.With(string.Concat(t.Text.Select(c => char.IsUpper(c) ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c)))),
        ["strip"] = (r, t, a) => Strip(t, a.For("strip", "chars"), left: true, right: true),
        ["lstrip"] = (r, t, a) => Strip(t, a.For("lstrip", "chars"), left: true, right: false),
        ["rstrip"] = (r, t, a) => Strip(t, a.For("rstrip", "chars"), left: false, right: true),
        ["removeprefix"] = (r, t, a) => a.For("removeprefix", "prefix").Text(0).Text is var p && t.Text.StartsWith(p, StringComparison.Ordinal)
            ? t.Slice(p.Length, t.Text.Length) : t,
        ["removesuffix"] = (r, t, a) => a.For("removesuffix", "suffix").Text(0).Text is { Length: > 0 } s && t.Text.EndsWith(s, StringComparison.Ordinal)
            ? t.Slice(0, t.Text.Length - s.Length) : t,
        ["split"] = (r, t, a) => Split(r, t, a.For("split", "sep", "maxsplit")),
        ["rsplit"] = (r, t, a) => SplitFromEnd(r, t, a.For("rsplit", "sep", "maxsplit")),
        ["splitlines"] = (r, t, a) => SplitLines(r, t, a.For("splitlines", "keepends").Boolean(0, false)),
        ["partition"] = (r, t, a) => Partition(t, a.For("partition", "sep").Text(0), fromEnd: false),
        ["rpartition"] = (r, t, a) => Partition(t, a.For("rpartition", "sep").Text(0), fromEnd: true),
        ["join"] = (r, t, a) => Join(r, t, a.For("join", "iterable").Required(0)),
        ["replace"] = (r, t, a) => a.For("replace", "old", "new", "count") is var b ? Replace(r, t, b.Text(0), b.Text(1), b.Integer(2, -1)) : t,
        ["startswith"] = (r, t, a) => BooleanValue.Of(HasEdge(t, a.For("startswith", "prefix", "start", "end"), atStart: true)),
        ["endswith"] = (r, t, a) => BooleanValue.Of(HasEdge(t, a.For("endswith", "suffix", "start", "end"), atStart: false)),
        ["find"] = (r, t, a) => new IntegerValue(Find(t, a.For("find", "sub", "start", "end"), fromEnd: false)),
        ["rfind"] = (r, t, a) => new IntegerValue(Find(t, a.For("rfind", "sub", "start", "end"), fromEnd: true)),
        ["index"] = (r, t, a) => Index(Find(t, a.For("index", "sub", "start", "end"), fromEnd: false), a),
        ["rindex"] = (r, t, a) => Index(Find(t, a.For("rindex", "sub", "start", "end"), fromEnd: true), a),
        ["count"] = (r, t, a) => new IntegerValue(Occurrences(t, a.For("count", "sub", "start", "end"))),
        ["center"] = (r, t, a) => Pad(r, t, a.For("center", "width", "fillchar"), share: 1),
        ["ljust"] = (r, t, a) => Pad(r, t, a.For("ljust", "width", "fillchar"), share: 0),
        ["rjust"] = (r, t, a) => Pad(r, t, a.For("rjust", "width", "fillchar"), share: 2),
        ["zfill"] = (r, t, a) => FillZeros(r, t, a.For("zfill", "width").Integer(0, 0)),
        ["expandtabs"] = (r, t, a) => ExpandTabs(r, t, Math.Clamp(a.For("expandtabs", "tabsize").Integer(0, 8), 0, 1000)),
        ["format"] = BraceFormat.Apply,
        ["isalpha"] = (r, t, a) => All(t, char.IsLetter),
        ["isalnum"] = (r, t, a) => All(t, c => char.IsLetter(c) || char.IsNumber(c)),
        ["isdigit"] = (r, t, a) => All(t, c => char.IsDigit(c) || (char.IsNumber(c) && char.GetNumericValue(c) is >= 0 and <= 9 && !char.IsLetter(c) && c < '\u3000' && c > '\u00B1')),
        ["isdecimal"] = (r, t, a) => All(t, char.IsDigit),
        ["isnumeric"] = (r, t, a) => All(t, char.IsNumber),
        ["isspace"] = (r, t, a) => All(t, char.IsWhiteSpace),
        ["isascii"] = (r, t, a) => BooleanValue.Of(t.Text.All(char.IsAscii)),
        ["islower"] = (r, t, a) => BooleanValue.Of(IsLower(t.Text)),
        ["isupper"] = (r, t, a) => BooleanValue.Of(IsUpper(t.Text)),
        ["istitle"] = (r, t, a) => BooleanValue.Of(t.Text.Any(char.IsLetter) && Title(t.Text) == t.Text),
        ["isidentifier"] = (r, t, a) => BooleanValue.Of(
            t.Text.Length > 0 && !char.IsDigit(t.Text[0]) && t.Text.All(c => char.IsLetterOrDigit(c) || c == '_')),
        ["isprintable"] = (r, t, a) => BooleanValue.Of(t.Text.EnumerateRunes().All(TextQuoting.IsPrintable)),
    };

    /// <summary>Whether there are letters with case and all are small.</summary>
    public static bool IsLower(string text) => text.Any(char.IsLower) && !text.Any(char.IsUpper);

    /// <summary>Whether there are letters with case and all are capitals.</summary>
    public static bool IsUpper(string text) => text.Any(char.IsUpper) && !text.Any(char.IsLower);

    private static BooleanValue All(TextValue text, Func<char, bool> test) => BooleanValue.Of(text.Text.Length > 0 && text.Text.All(test));

    private static string Capitalize(string text) => text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..].ToLowerInvariant();

    private static string Title(string text)
    {
        char[] result = new char[text.Length];
        bool inWord = false;
        for (int i = 0; i < text.Length; i++)
        {
            result[i] = inWord ? char.ToLowerInvariant(text[i]) : char.ToUpperInvariant(text[i]);
            inWord = char.IsLetter(text[i]);
        }

        return new string(result);
    }

    private static TextValue Strip(TextValue text, Arguments arguments, bool left, bool right)
    {
        string? set = arguments.OptionalText(0)?.Text;
        bool Goes(char c) => set is null ? IsSpace(c) : set.Contains(c, StringComparison.Ordinal);
        int start = 0, end = text.Text.Length;
        while (left && start < end && Goes(text.Text[start]))
        {
            start++;
        }

        while (right && end > start && Goes(text.Text[end - 1]))
        {
            end--;
        }

        return text.Slice(start, end);
    }

    // Python also counts the separators of files, groups, records and units.
    private static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\x1c' and <= '\x1f';

    private static TextValue Join(Rendering rendering, TextValue separator, Value items)
    {
        var writer = new ValueWriter(rendering);
        bool first = true;
        foreach (Value item in rendering.Elements(items))
        {
            if (!first)
            {
                writer.Append(separator);
            }

            writer.Append(item as TextValue ?? throw new TemplateException($"join: a {item.TypeName} is no text. Join texts, or use the join filter"));
            first = false;
        }

        return writer.ToText(separator.IsSafe);
    }

    private static TextValue Pad(Rendering rendering, TextValue text, Arguments arguments, int share)
    {
        int width = arguments.Integer(0, 0), missing = Math.Max(width - text.Count!.Value, 0);
        TextValue fill = arguments.OptionalText(1) ?? new TextValue(" ");
        rendering.Budget.CheckLength(missing);
        int before = share switch
        {
            0 => 0,
            2 => missing,
            _ => (missing / 2) + (missing & width & 1), // as Python: the odd one goes left when the width is odd
        };
        var writer = new ValueWriter(rendering);
        for (int i = 0; i < missing + 1; i++)
        {
            writer.Append(i == before ? text : fill);
            if (i == before && missing == 0)
            {
                break;
            }
        }

        return writer.ToText(text.IsSafe);
    }

    private static TextValue FillZeros(Rendering rendering, TextValue text, int width)
    {
        int missing = Math.Max(width - text.Count!.Value, 0);
        rendering.Budget.CheckLength(missing);
        int sign = text.Text.StartsWith('-') || text.Text.StartsWith('+') ? 1 : 0;
        var writer = new ValueWriter(rendering);
        writer.Append(text, 0, sign);
        writer.Append(new string('0', missing));
        writer.Append(text, sign, text.Text.Length);
        return writer.ToText(text.IsSafe);
    }

    private static TextValue ExpandTabs(Rendering rendering, TextValue text, int size)
    {
        var writer = new ValueWriter(rendering);
        int column = 0;
        for (int i = 0; i < text.Text.Length; i++)
        {
            char character = text.Text[i];
            if (character == '\t')
            {
                int spaces = size == 0 ? 0 : size - (column % size);
                writer.Append(new string(' ', spaces));
                column += spaces;
            }
            else
            {
                writer.Append(text, i, i + 1);
                column = character is '\n' or '\r' ? 0 : column + 1;
            }
        }

        return writer.ToText(text.IsSafe);
    }
}
