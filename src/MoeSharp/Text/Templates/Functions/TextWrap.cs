using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Functions;

/// <summary>The <c>wordwrap</c> filter: lines no wider than asked, cut between words.</summary>
internal static class TextWrap
{
    public static Value Apply(Rendering rendering, Value input, Arguments arguments)
    {
        Arguments a = arguments.For("wordwrap", "width", "break_long_words", "wrapstring", "break_on_hyphens");
        TextValue text = rendering.Str(input);
        int width = Math.Max(a.Integer(0, 79), 1);
        bool breaks = a.Boolean(1, true);
        TextValue separator = a.OptionalText(2) ?? new TextValue("\n");
        var writer = new ValueWriter(rendering);
        bool first = true;
        foreach ((int start, int end) in TextMethods.Lines(text.Text))
        {
            foreach ((int from, int to) in Wrap(text.Text, start, end, width, breaks))
            {
                if (!first)
                {
                    writer.Append(separator);
                }

                writer.Append(text, from, to);
                first = false;
            }
        }

        return writer.ToText(text.IsSafe);
    }

    private static IEnumerable<(int From, int To)> Wrap(string text, int start, int end, int width, bool breaks)
    {
        if (start == end)
        {
            yield return (start, end);
        }

        while (start < end)
        {
            int to = Math.Min(start + width, end);
            if (to < end && !char.IsWhiteSpace(text[to]))
            {
                int space = text.LastIndexOf(' ', to - 1, to - start);
                if (space > start)
                {
                    to = space;
                }
                else if (!breaks)
                {
                    int next = text.IndexOf(' ', to, end - to);
                    to = next < 0 ? end : next;
                }
            }

            int last = to;
            while (last > start && char.IsWhiteSpace(text[last - 1]))
            {
                last--;
            }

            yield return (start, last);
            start = to;
            while (start < end && char.IsWhiteSpace(text[start]))
            {
                start++;
            }
        }
    }
}
