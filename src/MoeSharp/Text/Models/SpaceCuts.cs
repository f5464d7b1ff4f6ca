using MoeSharp.Text.Patterns;
using MoeSharp.Text.SentencePiece;

namespace MoeSharp.Text.Models;

/// <summary>Where a text may be cut before a space mark (U+2581) without changing its tokens.</summary>
/// <remarks>
/// A cut is safe when no entry holds the mark after that character: then no merge and no entry reaches across. So a long text
/// becomes words, which are few and can be remembered. Vocabularies with entries like <c>.▁</c> are cut at fewer places.
/// </remarks>
internal sealed class SpaceCuts
{
    private static readonly int s_mark = PieceVocabulary.SpaceMark[0];

    private readonly HashSet<int> _joined = [];
    private readonly bool _hasMark;

    /// <summary>The cuts of a vocabulary with these entries.</summary>
    public SpaceCuts(IEnumerable<string> entries)
    {
        foreach (string entry in entries)
        {
            int before = -1;
            foreach (System.Text.Rune rune in entry.EnumerateRunes())
            {
                if (rune.Value == s_mark && before >= 0)
                {
                    _joined.Add(before);
                }

                before = rune.Value;
            }

            // A mark without an entry of its own would be unknown text, and that runs together over a cut.
            _hasMark |= entry == PieceVocabulary.SpaceMark;
        }
    }

    /// <summary>Where the word that begins at <paramref name="start"/> ends; a word has at least one byte.</summary>
    public int End(ReadOnlySpan<byte> text, int start)
    {
        for (int from = start + 1; _hasMark && from < text.Length;)
        {
            int step = text[from..].IndexOf("▁"u8);
            if (step < 0)
            {
                break;
            }

            int position = from + step;
            if (!_joined.Contains(CodePoints.ReadBefore(text, position, out _)))
            {
                return position;
            }

            from = position + 1;
        }

        return text.Length;
    }
}
