namespace MoeSharp.Text.Models;

/// <summary>Byte-pair merging of one piece: the pair of lowest rank, the leftmost of equals, is merged until none is left.</summary>
internal static class PieceMerger
{
    private const int ShortPiece = 24;

    /// <summary>Merges in place; the number of symbols left, which stand in front.</summary>
    /// <remarks>A short piece is scanned again after each merge, which costs less than the heap of a long one.</remarks>
    public static int Merge(Span<int> symbols, MergeTable merges) =>
        symbols.Length <= ShortPiece ? MergeShort(symbols, merges) : LongPieceMerger.Merge(symbols, merges);

    private static int MergeShort(Span<int> symbols, MergeTable merges)
    {
        int count = symbols.Length;
        if (count < 2)
        {
            return count;
        }

        Span<int> ranks = stackalloc int[ShortPiece];
        Span<int> results = stackalloc int[ShortPiece];
        for (int index = 0; index + 1 < count; index++)
        {
            ranks[index] = merges.RankOf(symbols[index], symbols[index + 1], out results[index]);
        }

        while (count > 1)
        {
            int best = 0;
            for (int index = 1; index + 1 < count; index++)
            {
                best = ranks[index] < ranks[best] ? index : best;
            }

            if (ranks[best] == int.MaxValue)
            {
                break;
            }

            symbols[best] = results[best];
            count--;
            for (int index = best + 1; index < count; index++)
            {
                symbols[index] = symbols[index + 1];
                ranks[index] = ranks[index + 1];
                results[index] = results[index + 1];
            }

            if (best > 0)
            {
                ranks[best - 1] = merges.RankOf(symbols[best - 1], symbols[best], out results[best - 1]);
            }

            if (best + 1 < count)
            {
                ranks[best] = merges.RankOf(symbols[best], symbols[best + 1], out results[best]);
            }
        }

        return count;
    }
}
