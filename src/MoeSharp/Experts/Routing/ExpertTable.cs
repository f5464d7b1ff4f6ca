using MoeSharp.Tensors;

namespace MoeSharp.Experts.Routing;

/// <summary>Tables from token id to expert for routers that do not learn.</summary>
public static class ExpertTable
{
    /// <summary>Experts by chance; the K experts of a token differ.</summary>
    /// <param name="vocabularySize">V.</param>
    /// <param name="experts">Experts to choose from, E or those of a domain.</param>
    /// <param name="rng">The chance; use another stream for every layer.</param>
    /// <param name="k">Experts a token.</param>
    /// <returns>The table <c>[V·K]</c>.</returns>
    public static int[] Random(int vocabularySize, int experts, Rng rng, int k = 1)
    {
        int[] table = new int[vocabularySize * k];
        int[] all = [.. Enumerable.Range(0, experts)];
        for (int token = 0; token < vocabularySize; token++)
        {
            for (int j = 0; j < k; j++)
            {
                int other = j + rng.NextInt(experts - j);
                (all[j], all[other]) = (all[other], all[j]);
                table[(token * k) + j] = all[j];
            }
        }

        return table;
    }

    /// <summary>Even load by frequency: the most frequent token goes to the emptiest expert, and so on down.</summary>
    /// <param name="frequencies">How often each token of the vocabulary occurs.</param>
    /// <param name="experts">E.</param>
    /// <returns>The table <c>[V]</c>.</returns>
    public static int[] Balanced(ReadOnlySpan<long> frequencies, int experts)
    {
        long[] counts = frequencies.ToArray(), load = new long[experts];
        int[] table = new int[counts.Length];
        foreach (int token in Enumerable.Range(0, counts.Length).OrderByDescending(token => counts[token]))
        {
            int emptiest = Array.IndexOf(load, load.Min());
            table[token] = emptiest;
            load[emptiest] += counts[token];
        }

        return table;
    }
}
