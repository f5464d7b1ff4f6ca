using MoeSharp.Tensors;

namespace MoeSharp.Experts.Routing;

/// <summary>Top-k among the experts of the best groups only.</summary>
/// <remarks>
/// <para>A group's score is the sum of its best <c>bestOf</c> scores; the <c>keep</c> best groups stay open (equal: the lower group), the
/// others are masked. The mask is −∞: with 0 a masked expert would win over an open one whose biased score is negative.</para>
/// <para>Source: DeepSeek-V2, arXiv:2405.04434 (bestOf 1); DeepSeek-V3, arXiv:2412.19437 (bestOf 2).</para>
/// </remarks>
internal sealed class GroupLimitedSelect(int k, int groups, int keep, int bestOf, bool maskWithZero) : Select
{
    private const int RowsPerItem = 64;

    /// <inheritdoc/>
    public override int Width(int expertCount) => k;

    /// <inheritdoc/>
    public override void Choose(in SelectInput input, Indices ids)
    {
        Tensor scores = input.Scores;
        int items = (scores.Rows + RowsPerItem - 1) / RowsPerItem;
        Tensor masked = scores.Scope!.New(new TensorShape(items, scores.Columns));
        Tensor best = scores.Scope.New(new TensorShape(items, groups));
        scores.Scope.Workers.Run(items, new Rows(this, scores, ids, masked, best));
    }

    /// <inheritdoc/>
    internal override void Validate(int expertCount, List<string> faults)
    {
        base.Validate(expertCount, faults);
        if (groups < 1 || expertCount % groups != 0)
        {
            faults.Add($"Groups must divide ExpertCount ({expertCount}), got {groups}.");
        }

        if (keep < 1 || keep > groups)
        {
            faults.Add($"The groups to keep must be between 1 and the group count ({groups}), got {keep}.");
        }
        else if (groups > 0 && k > keep * (expertCount / groups))
        {
            faults.Add($"TopK must fit into the kept groups ({keep} × {expertCount / groups} experts), got {k}.");
        }

        if (bestOf < 1)
        {
            faults.Add($"A group's score needs at least one expert, got {bestOf}.");
        }
    }

    /// <summary>One row: score the groups, keep the best, mask the rest, choose.</summary>
    private void Row(ReadOnlySpan<float> scores, Span<float> masked, Span<float> best, Span<int> ids)
    {
        int size = scores.Length / groups;
        Span<int> kept = stackalloc int[keep];
        Span<int> top = stackalloc int[Math.Min(bestOf, size)];
        for (int g = 0; g < groups; g++)
        {
            ReadOnlySpan<float> members = scores.Slice(g * size, size);
            TopKSelect.Row(members, top);
            best[g] = 0;
            foreach (int member in top)
            {
                best[g] += member < 0 ? float.NegativeInfinity : members[member];
            }
        }

        TopKSelect.Row(best, kept);
        masked.Fill(maskWithZero ? 0 : float.NegativeInfinity);
        foreach (int g in kept)
        {
            if (g >= 0)
            {
                scores.Slice(g * size, size).CopyTo(masked[(g * size)..]);
            }
        }

        TopKSelect.Row(masked, ids);
    }

    private readonly struct Rows(GroupLimitedSelect select, Tensor scores, Indices ids, Tensor masked, Tensor best) : IWork
    {
        public void Run(int item, int worker)
        {
            int k = select.Width(scores.Columns), end = Math.Min(scores.Rows, (item + 1) * RowsPerItem);
            for (int t = item * RowsPerItem; t < end; t++)
            {
                select.Row(scores.Row(t), masked.Row(item), best.Row(item), ids.Span.Slice(t * k, k));
            }
        }
    }
}
