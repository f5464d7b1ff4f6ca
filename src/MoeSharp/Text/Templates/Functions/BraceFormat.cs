using System.Globalization;
using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Functions;

/// <summary><c>'{} is {:.2f}'.format(values)</c>: Python's newer way to format.</summary>
internal static class BraceFormat
{
    public static Value Apply(Rendering rendering, TextValue format, Arguments arguments)
    {
        var writer = new ValueWriter(rendering);
        string text = format.Text;
        int next = 0, plain = 0;
        for (int at = 0; (at = text.AsSpan(at).IndexOfAny('{', '}') is >= 0 and int step ? at + step : -1) >= 0;)
        {
            writer.Append(format, plain, at);
            if (at + 1 < text.Length && text[at + 1] == text[at])
            {
                writer.Append(text[at].ToString());
                plain = at += 2;
                continue;
            }

            int close = text[at] == '{' ? text.IndexOf('}', at) : -1;
            if (close < 0)
            {
                throw new TemplateException($"format: a brace in '{text}' has no partner. Write {{{{ or }}}} for a brace");
            }

            Write(rendering, text[(at + 1)..close], arguments, ref next, writer);
            plain = at = close + 1;
        }

        writer.Append(format, plain, text.Length);
        return writer.ToText(format.IsSafe);
    }

    private static void Write(Rendering rendering, string place, Arguments arguments, ref int next, ValueWriter writer)
    {
        int colon = place.IndexOf(':', StringComparison.Ordinal);
        string spec = colon < 0 ? "" : place[(colon + 1)..];
        string name = colon < 0 ? place : place[..colon];
        bool isQuoted = name.EndsWith("!r", StringComparison.Ordinal);
        name = isQuoted || name.EndsWith("!s", StringComparison.Ordinal) ? name[..^2] : name;
        Value value = Find(rendering, name, arguments, ref next);
        NumberFormat how = Read(spec, isNumber: value is IntegerValue or FloatValue or BooleanValue);
        if (isQuoted)
        {
            var quoted = new ValueWriter(rendering);
            value.WriteQuoted(quoted);
            how.Write(quoted.ToText(), writer);
        }
        else if (value is IntegerValue or FloatValue || (value is BooleanValue && how.Type != '\0'))
        {
            writer.Append(how.Write(value));
        }
        else
        {
            how.Write(rendering.Str(value), writer);
        }
    }

    private static Value Find(Rendering rendering, string name, Arguments arguments, ref int next)
    {
        int end = name.AsSpan().IndexOfAny('.', '[');
        string first = end < 0 ? name : name[..end];
        Value? value = first.Length == 0 ? At(arguments, next++)
            : int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out int index) ? At(arguments, index)
            : arguments.Named.GetValueOrDefault(first);
        value ??= Missing(first);
        foreach (string part in end < 0 ? [] : name[end..].Split(['.', '[', ']'], StringSplitOptions.RemoveEmptyEntries))
        {
            Value key = int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int at)
                ? new IntegerValue(at) : new TextValue(part);
            value = Lookup.Item(rendering, value, key);
        }

        return value;
    }

    private static Value? At(Arguments arguments, int index) => index < arguments.Positional.Count ? arguments.Positional[index] : null;

    private static Value Missing(string name) =>
        throw new TemplateException($"format: there is no value for '{{{name}}}'. Give as many values as there are places");

    // [[fill]align][sign][#][0][width][grouping][.precision][type]
    private static NumberFormat Read(string spec, bool isNumber)
    {
        int at = 0;
        char fill = ' ', align = isNumber ? '>' : '<', sign = '\0', grouping = '\0';
        if (spec.Length > 1 && spec[1] is '<' or '>' or '^' or '=')
        {
            (fill, align, at) = (spec[0], spec[1], 2);
        }
        else if (spec.Length > 0 && spec[0] is '<' or '>' or '^' or '=')
        {
            (align, at) = (spec[0], 1);
        }

        if (Next(spec, at) is '+' or '-' or ' ')
        {
            sign = spec[at++];
        }

        bool alternate = Next(spec, at) == '#';
        at += alternate ? 1 : 0;
        if (Next(spec, at) == '0' && fill == ' ')
        {
            (fill, align) = ('0', isNumber && align == '>' ? '=' : align);
        }

        int width = Digits(spec, ref at) ?? 0;
        if (Next(spec, at) is ',' or '_')
        {
            grouping = spec[at++];
        }

        int? precision = null;
        if (Next(spec, at) == '.')
        {
            at++;
            precision = Digits(spec, ref at);
        }

        char type = at < spec.Length ? spec[at++] : '\0';
        return at < spec.Length || type is not ('\0' or 's' or 'd' or 'f' or 'F' or 'e' or 'E' or 'g' or 'G' or 'x' or 'X' or 'o' or 'b' or '%' or 'n' or 'c')
            ? throw new TemplateException($"format: ':{spec}' has no meaning. Use a width, .2f, >10 or the like")
            : new NumberFormat(fill, align, sign, alternate, width, grouping, precision, type == 's' ? '\0' : type);
    }

    private static char Next(string spec, int at) => at < spec.Length ? spec[at] : '\0';

    private static int? Digits(string spec, ref int at)
    {
        int start = at;
        while (char.IsAsciiDigit(Next(spec, at)) && at - start < 6)
        {
            at++;
        }

        return at == start ? null : int.Parse(spec.AsSpan(start, at - start), CultureInfo.InvariantCulture);
    }
}
