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
    /// <inheritdoc/>
    public override int Width(int expertCount) => k;

    /// <inheritdoc/>
    public override void Choose(in SelectInput input, Indices ids)
    {
        Tensor scores = input.Scores;
        Span<int> all = ids.Span;
        int experts = scores.Columns, size = experts / groups;
        Tensor masked = scores.Scope!.New(new TensorShape(experts));
        Tensor groupScores = scores.Scope.New(new TensorShape(groups));
        Span<float> row = masked.Span, best = groupScores.Span;
        Span<int> kept = stackalloc int[keep];
        Span<int> top = stackalloc int[Math.Min(bestOf, size)];
        for (int t = 0; t < scores.Rows; t++)
        {
            // 1. Score the groups. 2. Keep the best. 3. Mask the rest. 4. Choose.
            ReadOnlySpan<float> source = scores.Row(t);
            for (int g = 0; g < groups; g++)
            {
                ReadOnlySpan<float> members = source.Slice(g * size, size);
                TopKSelect.Row(members, top);
                best[g] = 0;
                foreach (int member in top)
                {
                    best[g] += member < 0 ? float.NegativeInfinity : members[member];
                }
            }

            TopKSelect.Row(best, kept);
            row.Fill(maskWithZero ? 0 : float.NegativeInfinity);
            foreach (int g in kept)
            {
                if (g >= 0)
                {
                    source.Slice(g * size, size).CopyTo(row[(g * size)..]);
                }
            }

            TopKSelect.Row(row, all.Slice(t * k, k));
        }
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
}
