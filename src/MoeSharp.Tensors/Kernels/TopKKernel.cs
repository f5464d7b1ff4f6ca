using System.Buffers;

namespace MoeSharp.Tensors.Kernels;

/// <summary>The k largest of a row, in falling order; equal numbers in rising order of their index.</summary>
/// <remarks>
/// <para>Shapes: scores <c>[n]</c>, k ≤ n → ids <c>[k]</c>. +0 and −0 are equal. NaN comes after every number, −∞ included, so it is
/// chosen only when nothing else is left; several NaN are in rising order of their index.</para>
/// <para>Small k: one pass that keeps the best k sorted, so most elements cost one comparison. Large k: a sort of
/// (key, index) pairs. Exact: the result depends on the values alone.</para>
/// </remarks>
internal static class TopKKernel
{
    /// <summary>Largest k for which insertion beats sorting.</summary>
    private const int InsertionLimit = 32;

    /// <summary>Chooses <c>ids.Length</c> of <paramref name="scores"/>.</summary>
    /// <exception cref="ArgumentException">More are asked for than there are.</exception>
    public static void Run(ReadOnlySpan<float> scores, Span<int> ids)
    {
        if (ids.Length > scores.Length)
        {
            throw new ArgumentException($"top-k: k is {ids.Length}, but there are {scores.Length} scores. k must not exceed that.");
        }

        if (ids.Length <= InsertionLimit)
        {
            Insert(scores, ids);
        }
        else
        {
            Sort(scores, ids);
        }
    }

    /// <summary>Chooses from each row.</summary>
    /// <param name="scores">Rows of <paramref name="columns"/> scores.</param>
    /// <param name="columns">Scores in a row.</param>
    /// <param name="ids">Rows of <paramref name="k"/> ids.</param>
    /// <param name="k">Ids in a row.</param>
    public static void Rows(ReadOnlySpan<float> scores, int columns, Span<int> ids, int k)
    {
        int rows = columns == 0 ? 0 : scores.Length / columns;
        for (int row = 0; row < rows; row++)
        {
            Run(scores.Slice(row * columns, columns), ids.Slice(row * k, k));
        }
    }

    /// <summary>The definition: k times the best of what is left.</summary>
    internal static void Scalar(ReadOnlySpan<float> scores, Span<int> ids)
    {
        for (int choice = 0; choice < ids.Length; choice++)
        {
            int best = -1;
            for (int i = 0; i < scores.Length; i++)
            {
                if (!ids[..choice].Contains(i) && (best < 0 || Precedes(scores[i], scores[best])))
                {
                    best = i;
                }
            }

            ids[choice] = best;
        }
    }

    internal static void Insert(ReadOnlySpan<float> scores, Span<int> ids)
    {
        int k = ids.Length, held = 0;
        if (k == 0)
        {
            return;
        }

        Span<float> best = stackalloc float[InsertionLimit];
        for (int i = 0; i < scores.Length; i++)
        {
            float score = scores[i];
            if (held == k && !Precedes(score, best[k - 1]))
            {
                continue;
            }

            // Equal scores stop the shift, so the lower index stays in front.
            int place = held < k ? held++ : k - 1;
            for (; place > 0 && Precedes(score, best[place - 1]); place--)
            {
                best[place] = best[place - 1];
                ids[place] = ids[place - 1];
            }

            best[place] = score;
            ids[place] = i;
        }
    }

    internal static void Sort(ReadOnlySpan<float> scores, Span<int> ids)
    {
        ulong[] keys = ArrayPool<ulong>.Shared.Rent(scores.Length);
        for (int i = 0; i < scores.Length; i++)
        {
            keys[i] = ((ulong)Key(scores[i]) << 32) | (uint)i;
        }

        keys.AsSpan(0, scores.Length).Sort();
        for (int i = 0; i < ids.Length; i++)
        {
            ids[i] = (int)(uint)keys[i];
        }

        ArrayPool<ulong>.Shared.Return(keys);
    }

    /// <summary>True when <paramref name="a"/> is larger; a number is larger than NaN.</summary>
    private static bool Precedes(float a, float b) => a > b || (float.IsNaN(b) && !float.IsNaN(a));

    /// <summary>A whole number that rises as the score falls; NaN is the largest.</summary>
    private static uint Key(float score)
    {
        if (float.IsNaN(score))
        {
            return uint.MaxValue;
        }

        uint bits = BitConverter.SingleToUInt32Bits(score + 0f); // −0 becomes +0
        return ~((bits & 0x8000_0000) != 0 ? ~bits : bits | 0x8000_0000);
    }
}
