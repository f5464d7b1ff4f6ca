using System.Globalization;
using System.Text;
using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Functions;

/// <summary>Filters that make texts.</summary>
internal static class TextFilters
{
    public static void AddTo(Dictionary<string, Func<Rendering, Value, Arguments, Value>> filters)
    {
        foreach (string name in (string[])["upper", "lower", "capitalize"])
        {
            filters[name] = (r, input, a) => TextMethods.Call(r, r.Str(input), name, a);
        }

        filters["title"] = (r, input, a) => Title(r.Str(input));
        filters["string"] = (r, input, a) => r.Str(input);
        filters["trim"] = Trim;
        filters["replace"] = Replace;
        filters["indent"] = Indent;
        filters["center"] = (r, input, a) => TextMethods.Call(r, r.Str(input), "center", a.Positional.Count == 0 && a.Named.Count == 0 ? new Arguments(new IntegerValue(80)) : a);
        filters["format"] = Format;
        filters["escape"] = filters["e"] = (r, input, a) => Arithmetic.Escape(r.Str(input));
        filters["forceescape"] = (r, input, a) => Arithmetic.Escape(r.Str(input).WithSafe(false));
        filters["safe"] = (r, input, a) => r.Str(input).WithSafe(true);
        filters["truncate"] = Truncate;
        filters["wordcount"] = (r, input, a) => new IntegerValue(WordCount(r.Str(input).Text));
        filters["wordwrap"] = TextWrap.Apply;
        filters["striptags"] = StripTags;
        filters["urlencode"] = UrlEncode;
        filters["pprint"] = Quoted;
    }

    private static TextValue Quoted(Rendering rendering, Value input, Arguments arguments)
    {
        var writer = new ValueWriter(rendering);
        input.WriteQuoted(writer);
        return writer.ToText();
    }

    private static Value Trim(Rendering rendering, Value input, Arguments arguments) =>
        TextMethods.Call(rendering, rendering.Str(input), "strip", new Arguments([.. arguments.For("trim", "chars").OptionalText(0) is { } chars ? (Value[])[chars] : []]));

    private static TextValue Replace(Rendering rendering, Value input, Arguments arguments)
    {
        Arguments a = arguments.For("replace", "old", "new", "count");
        int count = a.Integer(2, -1);
        return TextMethods.Replace(rendering, rendering.Str(input), rendering.Str(a.Required(0)), rendering.Str(a.Required(1)), count);
    }

    // Words begin after spaces and after - ( { [ <, as Jinja's filter has it, not after every mark as str.title().
    private static TextValue Title(TextValue text)
    {
        var result = new StringBuilder(text.Text.Length);
        bool starts = true;
        foreach (char character in text.Text)
        {
            result.Append(starts ? char.ToUpperInvariant(character) : char.ToLowerInvariant(character));
            starts = char.IsWhiteSpace(character) || character is '-' or '(' or '{' or '[' or '<';
        }

        return text.With(result.ToString());
    }

    private static TextValue Indent(Rendering rendering, Value input, Arguments arguments)
    {
        Arguments a = arguments.For("indent", "width", "first", "blank");
        TextValue text = rendering.Str(input);
        string padding = a[0] is TextValue own ? own.Text : new string(' ', Math.Clamp(a.Integer(0, 4), 0, 10_000));
        bool first = a.Boolean(1, false), blank = a.Boolean(2, false);
        List<(int Start, int End)> lines = TextMethods.Lines(text.Text + "\n"); // the added line end makes a last empty line count
        var writer = new ValueWriter(rendering);
        for (int i = 0; i < lines.Count; i++)
        {
            (int start, int end) = (Math.Min(lines[i].Start, text.Text.Length), Math.Min(lines[i].End, text.Text.Length));
            writer.Append(i == 0 ? "" : "\n");
            writer.Append(i == 0 ? (first ? padding : "") : blank || end > start ? padding : "");
            writer.Append(text, start, end);
        }

        return writer.ToText(text.IsSafe);
    }

    private static Value Format(Rendering rendering, Value input, Arguments arguments)
    {
        Value values = new TupleValue([.. arguments.Positional]);
        if (arguments.Named.Count > 0)
        {
            var dict = new DictValue();
            foreach ((string name, Value value) in arguments.Named)
            {
                dict.Set(name, value);
            }

            values = dict;
        }

        return PercentFormat.Apply(rendering, rendering.Str(input), values);
    }

    private static TextValue Truncate(Rendering rendering, Value input, Arguments arguments)
    {
        Arguments a = arguments.For("truncate", "length", "killwords", "end", "leeway");
        TextValue text = rendering.Str(input);
        TextValue end = a.OptionalText(2) ?? new TextValue("...");
        int length = a.Integer(0, 255), leeway = a.Integer(3, 5), room = length - end.Count!.Value;
        if (room < 0 || leeway < 0)
        {
            throw new TemplateException($"truncate: a length of {length} has no room for '{end.Text}'. Use a larger one");
        }

        if (text.Count <= length + (long)leeway)
        {
            return text;
        }

        TextValue head = text.Slice(0, text.Offset(room));
        int space = a.Boolean(1, false) ? -1 : head.Text.LastIndexOf(' ');
        var writer = new ValueWriter(rendering);
        writer.Append(space < 0 ? head : head.Slice(0, space));
        writer.Append(end);
        return writer.ToText(text.IsSafe);
    }

    private static int WordCount(string text)
    {
        int count = 0;
        for (int i = 0; i < text.Length; i++)
        {
            count += IsWord(text[i]) && (i == 0 || !IsWord(text[i - 1])) ? 1 : 0;
        }

        return count;

        static bool IsWord(char c) => char.IsLetterOrDigit(c) || c == '_' || char.IsSurrogate(c);
    }

    private static TextValue StripTags(Rendering rendering, Value input, Arguments arguments)
    {
        TextValue text = rendering.Str(input);
        var result = new StringBuilder();
        for (int i = 0; i < text.Text.Length; i++)
        {
            int close = text.Text[i] == '<' ? text.Text.IndexOf('>', i) : -1;
            if (close >= 0)
            {
                i = close;
            }
            else
            {
                result.Append(text.Text[i]);
            }
        }

        string plain = string.Join(' ', result.ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return text.With(System.Net.WebUtility.HtmlDecode(plain)).WithSafe(false);
    }

    private static TextValue UrlEncode(Rendering rendering, Value input, Arguments arguments)
    {
        if (input is not DictValue dict)
        {
            TextValue text = rendering.Str(input);
            return text.With(Quote(text.Text, keep: "/"));
        }

        return new TextValue(string.Join('&', dict.Entries.Select(entry => string.Create(CultureInfo.InvariantCulture,
            $"{Quote(rendering.Str(entry.Key).Text, "")}={Quote(rendering.Str(entry.Value).Text, "")}"))));
    }

    private static string Quote(string text, string keep)
    {
        string quoted = Uri.EscapeDataString(text);
        return keep.Length == 0 ? quoted.Replace("%20", "+", StringComparison.Ordinal) : quoted.Replace("%2F", keep, StringComparison.Ordinal);
    }
}
