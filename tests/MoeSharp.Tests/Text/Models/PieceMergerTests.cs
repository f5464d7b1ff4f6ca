using MoeSharp.Tensors;
using MoeSharp.Text.Models;

namespace MoeSharp.Tests.Text.Models;

public class PieceMergerTests
{
    [Fact]
    public void Short_and_long_pieces_merge_as_the_definition_says()
    {
        for (ulong seed = 0; seed < 200; seed++)
        {
            var rng = new Rng(seed);
            int symbols = 3 + rng.NextInt(5), entries = symbols + 40;
            var merges = new MergeTable(200);
            for (int result = symbols; result < entries; result++)
            {
                for (int way = 0; way < 3; way++)
                {
                    merges.TryAdd(rng.NextInt(result), rng.NextInt(result), rank: rng.NextInt(4) == 0 ? 7 : result, result); // some of one rank
                }
            }

            int[] text = [.. Enumerable.Range(0, rng.NextInt(120)).Select(_ => rng.NextInt(symbols))];
            int[] merged = [.. text];
            int count = PieceMerger.Merge(merged, merges);
            merged[..count].ShouldBe(Definition(text, merges), $"seed {seed}");
        }
    }

    // The pair of lowest rank, the leftmost of equals, until there is none.
    private static int[] Definition(int[] text, MergeTable merges)
    {
        List<int> symbols = [.. text];
        while (true)
        {
            int best = -1, bestRank = int.MaxValue, becomes = 0;
            for (int i = 0; i + 1 < symbols.Count; i++)
            {
                int rank = merges.RankOf(symbols[i], symbols[i + 1], out int result);
                if (rank < bestRank)
                {
                    (best, bestRank, becomes) = (i, rank, result);
                }
            }

            if (best < 0)
            {
                return [.. symbols];
            }

            symbols[best] = becomes;
            symbols.RemoveAt(best + 1);
        }
    }
}
