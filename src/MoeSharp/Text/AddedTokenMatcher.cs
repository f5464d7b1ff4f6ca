using System.Buffers;
using System.Text;
using MoeSharp.Text.Normalization;
using MoeSharp.Text.Patterns;

namespace MoeSharp.Text;

/// <summary>Finds added tokens in a text: the leftmost match, the longest of those that start there.</summary>
/// <remarks>
/// A token that must not count (a special one the caller wants as text, or a single word with a letter beside it) is passed over as a whole,
/// as the tokenizers library does. Immutable; safe for concurrent use.
/// </remarks>
internal sealed class AddedTokenMatcher
{
    private static readonly CodePointSet s_word = UnicodeProperty.Word().Freeze();
    private static readonly CodePointSet s_space = UnicodeProperty.WhiteSpace().Freeze();

    private readonly Dictionary<(int Node, byte Next), int> _edges = [];
    private readonly List<AddedToken?> _nodes = [null];
    private readonly SearchValues<byte> _firstBytes;

    /// <summary>A matcher for these tokens; those marked normalised are looked for in their normalised form.</summary>
    public AddedTokenMatcher(IEnumerable<AddedToken> tokens, INormalizer? normalizer)
    {
        var first = new HashSet<byte>();
        foreach (AddedToken token in tokens)
        {
            ReadOnlySpan<byte> content = Encoding.UTF8.GetBytes(token.Content);
            if (token.Normalized && normalizer is not null)
            {
                content = normalizer.Normalize(content);
            }

            if (content.IsEmpty)
            {
                continue;
            }

            first.Add(content[0]);
            int node = 0;
            foreach (byte next in content)
            {
                if (!_edges.TryGetValue((node, next), out int child))
                {
                    child = _nodes.Count;
                    _nodes.Add(null);
                    _edges.Add((node, next), child);
                }

                node = child;
            }

            _nodes[node] = token;
        }

        _firstBytes = SearchValues.Create([.. first]);
    }

    /// <summary>The next token that counts, at or after <paramref name="from"/>; stripped spaces belong to the match.</summary>
    /// <param name="text">The text.</param>
    /// <param name="from">Where the search begins; spaces before it are not stripped.</param>
    /// <param name="recogniseSpecial">Whether special tokens count.</param>
    /// <param name="start">Start of the match.</param>
    /// <param name="end">End of the match.</param>
    /// <param name="refuses">Says that a token does not count at a place; null for none.</param>
    public AddedToken? Find(
        ReadOnlySpan<byte> text, int from, bool recogniseSpecial, out int start, out int end, Func<AddedToken, int, int, bool>? refuses = null)
    {
        start = end = from;
        for (int position = from; position < text.Length;)
        {
            int step = text[position..].IndexOfAny(_firstBytes);
            if (step < 0)
            {
                return null;
            }

            position += step;
            if (Longest(text, position, out int length) is not AddedToken token)
            {
                position++;
                continue;
            }

            start = position;
            end = position + length;
            if (refuses?.Invoke(token, start, end) == true)
            {
                position++; // another token may begin inside
                continue;
            }

            position = end;
            if ((token.IsSpecial && !recogniseSpecial) || (token.SingleWord && !StandsAlone(text, start, end)))
            {
                continue;
            }

            Strip(text, token, from, ref start, ref end);
            return token;
        }

        return null;
    }

    private AddedToken? Longest(ReadOnlySpan<byte> text, int position, out int length)
    {
        AddedToken? found = null;
        length = 0;
        int node = 0;
        for (int index = position; index < text.Length && _edges.TryGetValue((node, text[index]), out node); index++)
        {
            if (_nodes[node] is AddedToken token)
            {
                found = token;
                length = index + 1 - position;
            }
        }

        return found;
    }

    private static bool StandsAlone(ReadOnlySpan<byte> text, int start, int end) =>
        !(start > 0 && s_word.Contains(CodePoints.ReadBefore(text, start, out _)))
        && !(end < text.Length && s_word.Contains(CodePoints.Read(text, end, out _)));

    private static void Strip(ReadOnlySpan<byte> text, AddedToken token, int from, ref int start, ref int end)
    {
        while (token.LeftStrip && start > from && s_space.Contains(CodePoints.ReadBefore(text, start, out int before)))
        {
            start -= before;
        }

        while (token.RightStrip && end < text.Length && s_space.Contains(CodePoints.Read(text, end, out int after)))
        {
            end += after;
        }
    }
}
