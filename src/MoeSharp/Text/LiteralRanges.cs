using System.Text;
using MoeSharp.Text.Templates;

namespace MoeSharp.Text;

/// <summary>The parts of a text in which tokens that steer the model are only text, counted in UTF-8 bytes.</summary>
internal sealed class LiteralRanges
{
    private readonly List<TextRange> _ranges = [];
    private readonly string _source;

    /// <summary>The parts of a rendered text that the template did not write.</summary>
    public LiteralRanges(RenderedText rendered)
    {
        _source = rendered.Source;
        int character = 0, at = 0;
        foreach (TextRange range in rendered.Content)
        {
            int start = at + Encoding.UTF8.GetByteCount(rendered.Text.AsSpan(character, range.Start - character));
            int end = start + Encoding.UTF8.GetByteCount(rendered.Text.AsSpan(range.Start, range.End - range.Start));
            _ranges.Add(new TextRange(start, end, range.Origin));
            (character, at) = (range.End, end);
        }
    }

    /// <summary>Whether a token that was found must not count, since part of it was not written by the template.</summary>
    public bool Refuses(AddedToken token, int start, int end)
    {
        foreach (TextRange range in _ranges)
        {
            if (range.Start >= end)
            {
                break;
            }

            if (range.End > start && Steers(token, range.Origin))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Says which tokens must not count in a piece of the text, since they stand as text in such a part of it: for tokens that are
    /// looked for after normalisation, when places are no longer those of the text. Null when all count.</summary>
    public Func<AddedToken, int, int, bool>? RefusalWithin(IEnumerable<AddedToken> tokens, ReadOnlySpan<byte> text, int start, int end)
    {
        HashSet<AddedToken>? refused = null;
        foreach (AddedToken token in tokens)
        {
            if (token.Normalized && StandsWithin(token, text, start, end))
            {
                (refused ??= []).Add(token);
            }
        }

        return refused is null ? null : (token, _, _) => refused.Contains(token);
    }

    private bool StandsWithin(AddedToken token, ReadOnlySpan<byte> text, int start, int end)
    {
        byte[] content = Encoding.UTF8.GetBytes(token.Content);
        foreach (TextRange range in _ranges)
        {
            int from = Math.Max(start, range.Start), to = Math.Min(end, range.End);
            if (from < to && Steers(token, range.Origin) && text[from..to].IndexOf(content) >= 0)
            {
                return true;
            }
        }

        return false;
    }

    // Some vocabularies do not mark the tokens between turns as special; the template names them.
    private bool Steers(AddedToken token, TextOrigin origin) => token.IsSpecial
        || (origin == TextOrigin.Outside && !string.IsNullOrWhiteSpace(token.Content) && _source.Contains(token.Content, StringComparison.Ordinal));
}
