using MoeSharp.Tensors;

namespace MoeSharp.Experts.Dispatch;

/// <summary>Which row of which token goes where: rows sorted by expert, and the way back.</summary>
/// <remarks>
/// <para>N rows are the served choices, sorted by expert, within an expert by token. Built by counting sort: two passes over T·K ids.</para>
/// <para>Example: 3 tokens, K = 2, E = 4, ids (token by token) <c>2 0 · 2 −1 · 0 3</c>; token 1 lost its second choice.
/// <code>
/// rows of expert   0 → 2, 1 → 0, 2 → 2, 3 → 1      Offsets      0 2 2 4 5
/// row              0  1  2  3  4
/// of token         0  2  0  1  2                   TokenOfRow   0 2 0 1 2
/// of choice        1  4  0  2  5                   ChoiceOfRow  1 4 0 2 5
/// choice           0  1  2  3  4  5
/// is in row        2  0  3 −1  1  4                RowOfChoice  2 0 3 −1 1 4
/// </code>
/// Dispatch gathers <c>x[TokenOfRow]</c>; expert e then owns the rows <c>Offsets[e] … Offsets[e + 1] − 1</c>; combine adds, for token t,
/// <c>Σ_k w[t, k] · y[RowOfChoice[t·K + k]]</c>, in a fixed tree over k, so the sum is the same at any thread count.</para>
/// </remarks>
public readonly struct DispatchPlan
{
    /// <summary>First row of every expert, and N at the end <c>[E + 1]</c>.</summary>
    public required Indices Offsets { get; init; }

    /// <summary>Token of every row <c>[N]</c>.</summary>
    public required Indices TokenOfRow { get; init; }

    /// <summary>Choice (t·K + k) of every row <c>[N]</c>.</summary>
    public required Indices ChoiceOfRow { get; init; }

    /// <summary>Row of every choice <c>[T·K]</c>, −1 where it is not served.</summary>
    public required Indices RowOfChoice { get; init; }

    /// <summary>N.</summary>
    public int RowCount => TokenOfRow.Length;

    /// <summary>E.</summary>
    public int ExpertCount => Offsets.Length - 1;

    /// <summary>Rows of one expert.</summary>
    public int RowsOf(int expert) => Offsets[expert + 1] - Offsets[expert];

    /// <summary>Sorts choices by expert.</summary>
    /// <param name="scope">Where the plan lives.</param>
    /// <param name="ids">Served experts <c>[T·K]</c>, −1 for none.</param>
    /// <param name="topK">K.</param>
    /// <param name="expertCount">E.</param>
    public static DispatchPlan Build(TensorScope scope, Indices ids, int topK, int expertCount) =>
        Build(scope, ids, topK, 0, expertCount);

    /// <summary>The part of a plan for the experts of one bank: ids from <paramref name="firstExpert"/>, counted from 0 here.</summary>
    /// <param name="scope">Where the plan lives.</param>
    /// <param name="ids">Served experts <c>[T·K]</c>, −1 for none.</param>
    /// <param name="topK">K.</param>
    /// <param name="firstExpert">The first expert of the part.</param>
    /// <param name="expertCount">Experts of the part.</param>
    internal static DispatchPlan Build(TensorScope scope, Indices ids, int topK, int firstExpert, int expertCount)
    {
        // 1. Count the rows of each expert, one place up, and sum them: offsets.
        Indices offsets = scope.NewIndices(expertCount + 1);
        ReadOnlySpan<int> chosen = ids.Span;
        Span<int> start = offsets.Span;
        start.Clear();
        foreach (int id in chosen)
        {
            if ((uint)(id - firstExpert) < (uint)expertCount)
            {
                start[id - firstExpert + 1]++;
            }
        }

        for (int e = 0; e < expertCount; e++)
        {
            start[e + 1] += start[e];
        }

        // 2. Give every choice the next row of its expert.
        int rows = start[expertCount];
        Indices next = scope.NewIndices(expertCount), tokenOfRow = scope.NewIndices(rows);
        Indices choiceOfRow = scope.NewIndices(rows), rowOfChoice = scope.NewIndices(chosen.Length);
        start[..expertCount].CopyTo(next.Span);
        Span<int> place = next.Span, tokens = tokenOfRow.Span, choices = choiceOfRow.Span, back = rowOfChoice.Span;
        for (int choice = 0; choice < chosen.Length; choice++)
        {
            int expert = chosen[choice] - firstExpert;
            if ((uint)expert >= (uint)expertCount)
            {
                back[choice] = -1;
                continue;
            }

            int row = place[expert]++;
            back[choice] = row;
            choices[row] = choice;
            tokens[row] = choice / topK;
        }

        return new DispatchPlan { Offsets = offsets, TokenOfRow = tokenOfRow, ChoiceOfRow = choiceOfRow, RowOfChoice = rowOfChoice };
    }
}
