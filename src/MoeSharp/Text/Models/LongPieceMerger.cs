namespace MoeSharp.Text.Models;

/// <summary>Merges a long piece: a linked list of symbols and a heap of the pairs that may merge, n·log n for n symbols.</summary>
internal static class LongPieceMerger
{
    /// <summary>Merges in place; the number of symbols left, which stand in front.</summary>
    public static int Merge(Span<int> symbols, MergeTable merges)
    {
        int count = symbols.Length;
        var next = new int[count];
        var previous = new int[count];
        var queue = new PriorityQueue<(int Left, int Right, int LeftId, int RightId, int Result), (int Rank, int Position)>(count);
        for (int index = 0; index < count; index++)
        {
            next[index] = index + 1 < count ? index + 1 : -1;
            previous[index] = index - 1;
        }

        for (int index = 0; index + 1 < count; index++)
        {
            Offer(symbols, merges, queue, index, index + 1);
        }

        while (queue.TryDequeue(out (int Left, int Right, int LeftId, int RightId, int Result) pair, out _))
        {
            // A pair whose symbols have changed since is stale; ids below zero mark symbols that are gone.
            if (symbols[pair.Left] != pair.LeftId || symbols[pair.Right] != pair.RightId || next[pair.Left] != pair.Right)
            {
                continue;
            }

            symbols[pair.Left] = pair.Result;
            symbols[pair.Right] = -1;
            int after = next[pair.Right];
            next[pair.Left] = after;
            if (after >= 0)
            {
                previous[after] = pair.Left;
                Offer(symbols, merges, queue, pair.Left, after);
            }

            if (previous[pair.Left] >= 0)
            {
                Offer(symbols, merges, queue, previous[pair.Left], pair.Left);
            }
        }

        int left = 0;
        foreach (int symbol in symbols)
        {
            if (symbol >= 0)
            {
                symbols[left++] = symbol;
            }
        }

        return left;
    }

    private static void Offer(
        ReadOnlySpan<int> symbols,
        MergeTable merges,
        PriorityQueue<(int Left, int Right, int LeftId, int RightId, int Result), (int Rank, int Position)> queue,
        int left,
        int right)
    {
        int rank = merges.RankOf(symbols[left], symbols[right], out int result);
        if (rank != int.MaxValue)
        {
            queue.Enqueue((left, right, symbols[left], symbols[right], result), (rank, left));
        }
    }
}
