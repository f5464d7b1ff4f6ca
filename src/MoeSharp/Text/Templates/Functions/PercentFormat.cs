using System.Globalization;
using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Functions;

/// <summary><c>'%s is %d' % values</c>: Python's older way to format.</summary>
internal static class PercentFormat
{
    public static Value Apply(Rendering rendering, TextValue format, Value values)
    {
        IReadOnlyList<Value> items = values is TupleValue tuple ? tuple.Items : [values];
        var writer = new ValueWriter(rendering);
        int used = 0, plain = 0;
        string text = format.Text;
        for (int at = 0; (at = text.IndexOf('%', at)) >= 0;)
        {
            writer.Append(format, plain, at);
            at++;
            Value? named = null;
            if (At(text, at) == '(')
            {
                int close = text.IndexOf(')', at);
                string key = close < 0 ? throw Broken(text) : text[(at + 1)..close];
                named = (values as DictValue)?.Find(key) ?? throw new TemplateException($"format: there is no value '{key}'. Give it by name");
                at = close + 1;
            }

            string flags = "";
            for (; At(text, at) is '-' or '+' or ' ' or '0' or '#'; at++)
            {
                flags += text[at];
            }

            int width = Number(text, ref at) ?? 0;
            int? precision = null;
            if (At(text, at) == '.')
            {
                at++;
                precision = Number(text, ref at) ?? 0;
            }

            char type = At(text, at++);
            plain = at;
            if (type == '%')
            {
                writer.Append("%");
                continue;
            }

            Value value = named ?? (used < items.Count ? items[used++] : throw new TemplateException("format: there are fewer values than places. Give more"));
            bool left = flags.Contains('-', StringComparison.Ordinal), zero = !left && flags.Contains('0', StringComparison.Ordinal);
            var how = new NumberFormat(
                zero && type is not ('s' or 'r') ? '0' : ' ', left ? '<' : zero ? '=' : '>',
                flags.Contains('+', StringComparison.Ordinal) ? '+' : flags.Contains(' ', StringComparison.Ordinal) ? ' ' : '\0',
                flags.Contains('#', StringComparison.Ordinal), width, '\0', precision, type);
            Write(rendering, how, type, value, writer, text);
        }

        if (values is TupleValue && used < items.Count)
        {
            throw new TemplateException($"format: {items.Count} values were given and {used} used. Give as many as there are places");
        }

        writer.Append(format, plain, text.Length);
        return writer.ToText(format.IsSafe);
    }

    private static void Write(Rendering rendering, NumberFormat how, char type, Value value, ValueWriter writer, string text)
    {
        switch (type)
        {
            case 's':
                how.Write(rendering.Str(value), writer);
                break;
            case 'r' or 'a':
                var quoted = new ValueWriter(rendering);
                value.WriteQuoted(quoted);
                how.Write(quoted.ToText(), writer);
                break;
            case 'c':
                how.Write(value as TextValue ?? new TextValue(Values.Number.TryIndex(value, out int code) && System.Text.Rune.TryCreate(code, out System.Text.Rune rune)
                    ? rune.ToString() : throw Broken(text)), writer);
                break;
            case 'd' or 'i' or 'u' or 'x' or 'X' or 'o' or 'f' or 'F' or 'e' or 'E' or 'g' or 'G':
                writer.Append(how.Write(value));
                break;
            default:
                throw Broken(text);
        }
    }

    private static int? Number(string text, ref int at)
    {
        int start = at;
        while (char.IsAsciiDigit(At(text, at)) && at - start < 6)
        {
            at++;
        }

        return at == start ? null : int.Parse(text.AsSpan(start, at - start), CultureInfo.InvariantCulture);
    }

    private static char At(string text, int at) => at < text.Length ? text[at] : '\0';

    private static TemplateException Broken(string text) => new($"format: a place in '{text}' is broken. Use %s, %d, %.2f or the like, and %% for %");
}
