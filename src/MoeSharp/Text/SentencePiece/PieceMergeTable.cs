using System.Text;
using MoeSharp.Text.Models;

namespace MoeSharp.Text.SentencePiece;

/// <summary>Writes the scores of a piece vocabulary as a table of merges: two neighbours merge when together they are an entry, the highest score first.</summary>
/// <remarks>
/// A character without an entry has the symbol <see cref="CharacterBase"/> plus its code point: it may still be a part of an entry.
/// Entries of equal score share a rank, so that the leftmost merges first.
/// </remarks>
internal static class PieceMergeTable
{
    /// <summary>Symbols of characters without an entry start here.</summary>
    public const int CharacterBase = 0x4000_0000;

    /// <summary>Longest entry in UTF-16 units. A longer one takes time with the square of its length, and no published vocabulary has one.</summary>
    public const int LongestPiece = 1024;

    /// <summary>The merges of a vocabulary.</summary>
    public static MergeTable Build(PieceVocabulary vocabulary)
    {
        int[] ranks = Ranks(vocabulary);
        var merges = new List<(int Left, int Right, int Result)>(4 * vocabulary.Count);
        for (int id = 0; id < vocabulary.Count; id++)
        {
            if (PieceVocabulary.IsText(vocabulary[id].Type))
            {
                AddSplits(vocabulary, id, merges);
            }
        }

        var table = new MergeTable(merges.Count);
        foreach ((int left, int right, int result) in merges)
        {
            table.TryAdd(left, right, ranks[result], result);
        }

        return table;
    }

    /// <summary>The symbol of one part of an entry: an entry itself, or a single character; -1 when it is neither.</summary>
    public static int SymbolOf(PieceVocabulary vocabulary, string text) =>
        vocabulary.Ids.TryGetId(text, out int id) && PieceVocabulary.IsText(vocabulary[id].Type) ? id
        : Rune.TryGetRuneAt(text, 0, out Rune rune) && rune.Utf16SequenceLength == text.Length ? CharacterBase + rune.Value
        : -1;

    private static void AddSplits(PieceVocabulary vocabulary, int id, List<(int Left, int Right, int Result)> merges)
    {
        string text = vocabulary[id].Text;
        for (int cut = 1; cut < text.Length; cut++)
        {
            int left = SymbolOf(vocabulary, text[..cut]);
            int right = left < 0 ? -1 : SymbolOf(vocabulary, text[cut..]);
            if (right >= 0)
            {
                merges.Add((left, right, id));
            }
        }
    }

    private static int[] Ranks(PieceVocabulary vocabulary)
    {
        float[] scores = [.. vocabulary.Pieces.Select(piece => piece.Score).Distinct().OrderDescending()];
        var rankOf = scores.Select((score, rank) => (score, rank)).ToDictionary(pair => pair.score, pair => pair.rank);
        return [.. vocabulary.Pieces.Select(piece => rankOf[piece.Score])];
    }
}
