using MoeSharp.Text.Patterns;

namespace MoeSharp.Text.PreTokenization;

/// <summary>Cuts at the matches of a pattern; each piece is looked at alone, so look-arounds do not see its neighbours.</summary>
/// <param name="pattern">What to look for.</param>
/// <param name="behavior">What happens to the matches.</param>
/// <param name="invert">Whether the text between matches takes the part of the matches.</param>
internal sealed class SplitPreTokenizer(Pattern pattern, SplitBehavior behavior, bool invert) : IPreTokenizer
{
    /// <summary>What is looked for.</summary>
    public Pattern Pattern { get; } = pattern;

    /// <summary>What happens to the matches.</summary>
    public SplitBehavior Behavior { get; } = behavior;

    /// <summary>Whether the text between matches takes their part.</summary>
    public bool Inverts { get; } = invert;

    /// <inheritdoc/>
    public void Split(PieceList pieces)
    {
        var spans = new List<(int Start, int End, bool Match)>();
        for (int index = 0; index < pieces.Count; index++)
        {
            if (Behavior == SplitBehavior.Isolated)
            {
                Isolate(pieces, index);
                continue;
            }

            Find(pieces[index], pieces.Stack, spans);
            KeepParts(pieces, index, spans);
        }

        pieces.Commit();
    }

    /// <summary>The common case without a list: every match and every text between two matches is a piece.</summary>
    private void Isolate(PieceList pieces, int index)
    {
        ReadOnlySpan<byte> text = pieces[index];
        int done = 0;
        int from = 0;
        while (from <= text.Length && Pattern.TryFind(text, from, pieces.Stack, out int start, out int end))
        {
            pieces.Keep(index, done, start);
            pieces.Keep(index, start, end);
            done = end;
            from = Next(text, start, end);
        }

        pieces.Keep(index, done, text.Length);
    }

    private void Find(ReadOnlySpan<byte> text, BacktrackStack stack, List<(int Start, int End, bool Match)> spans)
    {
        spans.Clear();
        int done = 0;
        int from = 0;
        while (from <= text.Length && Pattern.TryFind(text, from, stack, out int start, out int end))
        {
            if (start > done)
            {
                spans.Add((done, start, Inverts));
            }

            spans.Add((start, end, !Inverts));
            done = end;
            from = Next(text, start, end);
        }

        if (done < text.Length)
        {
            spans.Add((done, text.Length, Inverts));
        }
    }

    /// <summary>Where to look on: after the match, and at least one character on when it was empty.</summary>
    private static int Next(ReadOnlySpan<byte> text, int start, int end)
    {
        if (end > start || end == text.Length)
        {
            return end > start ? end : text.Length + 1;
        }

        _ = CodePoints.Read(text, end, out int length);
        return end + length;
    }

    private void KeepParts(PieceList pieces, int index, List<(int Start, int End, bool Match)> spans)
    {
        for (int first = 0; first < spans.Count;)
        {
            int last = first;
            switch (Behavior)
            {
                case SplitBehavior.Removed when spans[first].Match:
                    first++;
                    continue;
                case SplitBehavior.Contiguous:
                    while (last + 1 < spans.Count && spans[last + 1].Match == spans[first].Match)
                    {
                        last++;
                    }

                    break;
                case SplitBehavior.MergedWithPrevious when !spans[first].Match && first + 1 < spans.Count && spans[first + 1].Match:
                case SplitBehavior.MergedWithNext when spans[first].Match && first + 1 < spans.Count && !spans[first + 1].Match:
                    last++;
                    break;
            }

            pieces.Keep(index, spans[first].Start, spans[last].End);
            first = last + 1;
        }
    }
}
