namespace MoeSharp.Text.Templates.Values;

/// <summary>Which characters of a text came from outside the template: ranges in order, none touching the next.</summary>
/// <remarks>A user's words keep their mark through every operation, so that the text of a special token that a user typed is
/// never taken for the token.</remarks>
internal sealed class TextMarks
{
    private readonly List<TextRange> _ranges = [];

    /// <summary>The ranges, ends excluded.</summary>
    public IReadOnlyList<TextRange> Ranges => _ranges;

    /// <summary>The whole of a text; null for one of the template.</summary>
    public static TextMarks? Whole(int length, TextOrigin origin)
    {
        if (length == 0 || origin == TextOrigin.Template)
        {
            return null;
        }

        var marks = new TextMarks();
        marks.Add(0, length, origin);
        return marks;
    }

    /// <summary>Marks from <paramref name="start"/> to <paramref name="end"/>, which lie after all others.</summary>
    public void Add(int start, int end, TextOrigin origin)
    {
        if (start == end || origin == TextOrigin.Template)
        {
            return;
        }

        if (_ranges.Count > 0 && _ranges[^1].End == start && _ranges[^1].Origin == origin)
        {
            _ranges[^1] = _ranges[^1] with { End = end };
        }
        else
        {
            _ranges.Add(new TextRange(start, end, origin));
        }
    }

    /// <summary>Adds the marks of a part of another text.</summary>
    /// <param name="marks">The other text's marks.</param>
    /// <param name="start">Where the part begins there.</param>
    /// <param name="end">Where it ends there.</param>
    /// <param name="at">Where it stands here.</param>
    public void Add(TextMarks marks, int start, int end, int at)
    {
        foreach (TextRange range in marks._ranges)
        {
            if (range.End > start && range.Start < end)
            {
                Add(Math.Max(range.Start, start) - start + at, Math.Min(range.End, end) - start + at, range.Origin);
            }
        }
    }

    /// <summary>Who wrote a character.</summary>
    public TextOrigin OriginAt(int position)
    {
        int low = 0, high = _ranges.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            if (_ranges[middle].End <= position)
            {
                low = middle + 1;
            }
            else if (_ranges[middle].Start > position)
            {
                high = middle - 1;
            }
            else
            {
                return _ranges[middle].Origin;
            }
        }

        return TextOrigin.Template;
    }
}
