namespace MoeSharp.Tensors.Kernels;

/// <summary>A list of row numbers turned round: for each row, where it is named, in rising order.</summary>
/// <remarks>
/// <para>A worked example: rows [2, 0, 2, −1] of 3 give starts [0, 1, 1, 3] and places [1, 0, 2]: row 0 is named at place 1, row 1
/// nowhere, row 2 at places 0 and 2. Negative numbers name no row.</para>
/// <para>With it a scatter-add becomes a gather: each target row is written once, by one thread, in one order.</para>
/// </remarks>
internal static class RowIndex
{
    /// <summary>Fills <paramref name="starts"/> [rows + 1] and <paramref name="places"/> [at least the count of names].</summary>
    public static void Build(ReadOnlySpan<int> named, Span<int> starts, Span<int> places)
    {
        // 1. How often each row is named, one place to the right; 2. running sums: starts; 3. fill, moving starts along.
        starts.Clear();
        foreach (int row in named)
        {
            if (row >= 0)
            {
                starts[row + 1]++;
            }
        }

        for (int i = 1; i < starts.Length; i++)
        {
            starts[i] += starts[i - 1];
        }

        for (int place = 0; place < named.Length; place++)
        {
            if (named[place] >= 0)
            {
                places[starts[named[place]]++] = place;
            }
        }

        // 4. Each start now stands at the next row's start: move them back.
        starts[..^1].CopyTo(starts[1..]);
        starts[0] = 0;
    }

    /// <summary>Checks that all numbers are below <paramref name="rows"/> and, unless allowed, not negative.</summary>
    public static void Check(string where, ReadOnlySpan<int> named, long rows, bool allowNone)
    {
        for (int i = 0; i < named.Length; i++)
        {
            if (named[i] >= rows || (named[i] < 0 && !allowNone))
            {
                throw new ArgumentOutOfRangeException(
                    nameof(named),
                    $"{where}: number {named[i]} at place {i} is not a row. Rows go from 0 to {rows - 1}{(allowNone ? "; −1 means none" : "")}.");
            }
        }
    }
}
