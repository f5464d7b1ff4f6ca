using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Functions;

/// <summary>The methods that look for something in a text, and those that cut it there.</summary>
internal static partial class TextMethods
{
    /// <summary>A text with one part put in place of another.</summary>
    /// <param name="rendering">The rendering.</param>
    /// <param name="text">The text.</param>
    /// <param name="old">What goes; an empty text stands between all characters.</param>
    /// <param name="other">What comes.</param>
    /// <param name="count">How often at most; negative for always.</param>
    public static TextValue Replace(Rendering rendering, TextValue text, TextValue old, TextValue other, int count)
    {
        var writer = new ValueWriter(rendering);
        int done = 0;
        for (int from = 0; count != 0 && from <= text.Text.Length; count--)
        {
            int at = old.Text.Length == 0 ? from : text.Text.IndexOf(old.Text, from, StringComparison.Ordinal);
            if (at < 0)
            {
                break;
            }

            writer.Append(text, done, at);
            writer.Append(other);
            done = at + old.Text.Length;
            from = old.Text.Length > 0 ? done : at + (at + 1 < text.Text.Length && char.IsSurrogatePair(text.Text[at], text.Text[at + 1]) ? 2 : 1);
        }

        writer.Append(text, done, text.Text.Length);
        return writer.ToText(text.IsSafe);
    }

    /// <summary>The lines of a text without their ends; text after the last line end is a line when there is any.</summary>
    public static List<(int Start, int End)> Lines(string text)
    {
        var lines = new List<(int, int)>();
        int start = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] is '\n' or '\r' or '\v' or '\f' or (>= '\x1c' and <= '\x1e') or '\x85' or '\u2028' or '\u2029')
            {
                lines.Add((start, i));
                i += text[i] == '\r' && i + 1 < text.Length && text[i + 1] == '\n' ? 1 : 0;
                start = i + 1;
            }
        }

        if (start < text.Length)
        {
            lines.Add((start, text.Length));
        }

        return lines;
    }

    private static ListValue SplitLines(Rendering rendering, TextValue text, bool keepEnds)
    {
        List<(int Start, int End)> lines = Lines(text.Text);
        return rendering.List(lines.Select((line, i) => (Value)text.Slice(
            line.Start, !keepEnds ? line.End : i + 1 < lines.Count ? lines[i + 1].Start : text.Text.Length)));
    }

    private static ListValue Split(Rendering rendering, TextValue text, Arguments arguments)
    {
        int most = arguments.Integer(1, -1);
        string? separator = Separator(arguments);
        return rendering.List(separator is null ? SplitAtSpace(text, most) : SplitAt(text, separator, most));
    }

    private static string? Separator(Arguments arguments) => arguments.OptionalText(0)?.Text switch
    {
        null => null,
        "" => throw new TemplateException("split: the separator is empty. Give a text, or nothing for white space"),
        string separator => separator,
    };

    private static IEnumerable<Value> SplitAt(TextValue text, string separator, int most)
    {
        int start = 0;
        while (most != 0 && text.Text.IndexOf(separator, start, StringComparison.Ordinal) is >= 0 and int at)
        {
            yield return text.Slice(start, at);
            start = at + separator.Length;
            most--;
        }

        yield return text.Slice(start, text.Text.Length);
    }

    private static IEnumerable<Value> SplitAtSpace(TextValue text, int most)
    {
        int start = 0;
        while (true)
        {
            while (start < text.Text.Length && IsSpace(text.Text[start]))
            {
                start++;
            }

            if (start == text.Text.Length)
            {
                yield break;
            }

            int end = start;
            while (end < text.Text.Length && (most == 0 || !IsSpace(text.Text[end])))
            {
                end++;
            }

            yield return text.Slice(start, end);
            start = end;
            most--;
        }
    }

    private static ListValue SplitFromEnd(Rendering rendering, TextValue text, Arguments arguments)
    {
        int most = arguments.Integer(1, -1);
        if (most < 0)
        {
            return Split(rendering, text, arguments);
        }

        string? separator = Separator(arguments);
        List<Value> parts = [.. separator is null ? SplitAtSpaceFromEnd(text, most) : SplitAtFromEnd(text, separator, most)];
        parts.Reverse();
        return rendering.List(parts);
    }

    private static IEnumerable<Value> SplitAtFromEnd(TextValue text, string separator, int most)
    {
        int end = text.Text.Length;
        while (most-- > 0 && text.Text.AsSpan(0, end).LastIndexOf(separator, StringComparison.Ordinal) is >= 0 and int at)
        {
            yield return text.Slice(at + separator.Length, end);
            end = at;
        }

        yield return text.Slice(0, end);
    }

    // What is left after the last cut keeps the space before it.
    private static IEnumerable<Value> SplitAtSpaceFromEnd(TextValue text, int most)
    {
        int end = text.Text.Length;
        while (true)
        {
            while (end > 0 && IsSpace(text.Text[end - 1]))
            {
                end--;
            }

            if (end == 0)
            {
                yield break;
            }

            int start = end;
            while (start > 0 && (most == 0 || !IsSpace(text.Text[start - 1])))
            {
                start--;
            }

            yield return text.Slice(start, end);
            end = start;
            most--;
        }
    }

    private static TupleValue Partition(TextValue text, TextValue separator, bool fromEnd)
    {
        int at = separator.Text.Length == 0 ? throw new TemplateException("partition: the separator is empty. Give a text")
            : fromEnd ? text.Text.LastIndexOf(separator.Text, StringComparison.Ordinal)
            : text.Text.IndexOf(separator.Text, StringComparison.Ordinal);
        return at >= 0
            ? new TupleValue(text.Slice(0, at), separator, text.Slice(at + separator.Text.Length, text.Text.Length))
            : fromEnd ? new TupleValue(TextValue.Empty, TextValue.Empty, text) : new TupleValue(text, TextValue.Empty, TextValue.Empty);
    }

    private static bool HasEdge(TextValue text, Arguments arguments, bool atStart)
    {
        (int start, int end) = Range(text, arguments);
        if (start > end)
        {
            return false;
        }

        Value wanted = arguments.Required(0);
        IEnumerable<Value> edges = wanted is SequenceValue several ? several.Items : [wanted];
        foreach (Value edge in edges)
        {
            string part = edge is TextValue own ? own.Text : throw arguments.Wrong(0, "a text or several texts");
            ReadOnlySpan<char> range = text.Text.AsSpan(start, end - start);
            if (atStart ? range.StartsWith(part, StringComparison.Ordinal) : range.EndsWith(part, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    // Parameters 1 and 2 as places in units of the text.
    private static (int Start, int End) Range(TextValue text, Arguments arguments)
    {
        int count = text.Count!.Value;
        int start = arguments.Integer(1, 0), end = arguments.Integer(2, count);
        start = Math.Max(start < 0 ? start + count : start, 0);
        end = Math.Clamp(end < 0 ? end + count : end, 0, count);
        return start > count ? (int.MaxValue, 0) : (text.Offset(start), text.Offset(end));
    }

    private static int Find(TextValue text, Arguments arguments, bool fromEnd)
    {
        (int start, int end) = Range(text, arguments);
        if (start > end)
        {
            return -1;
        }

        string part = arguments.Text(0).Text;
        ReadOnlySpan<char> range = text.Text.AsSpan(start, end - start);
        int at = fromEnd ? range.LastIndexOf(part, StringComparison.Ordinal) : range.IndexOf(part, StringComparison.Ordinal);
        return at < 0 ? -1 : TextValue.CodePoints(text.Text[..(start + at)]);
    }

    private static IntegerValue Index(int at, Arguments arguments) => at >= 0
        ? new IntegerValue(at)
        : throw new TemplateException($"index: '{arguments.Text(0).Text}' does not occur in the text. Use find(), which gives -1");

    private static int Occurrences(TextValue text, Arguments arguments)
    {
        (int start, int end) = Range(text, arguments);
        string part = arguments.Text(0).Text;
        if (start > end)
        {
            return 0;
        }

        if (part.Length == 0)
        {
            return TextValue.CodePoints(text.Text[start..end]) + 1;
        }

        int count = 0;
        for (int at = start; (at = text.Text.IndexOf(part, at, end - at, StringComparison.Ordinal)) >= 0; at += part.Length)
        {
            count++;
        }

        return count;
    }
}
