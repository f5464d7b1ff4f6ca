using MoeSharp.Tensors;

namespace MoeSharp.Experts.Routing;

/// <summary>Experts choose tokens: each takes the tokens of the group that score it highest, as many as its capacity.</summary>
/// <remarks>
/// <para>Perfect balance without a loss; a token gets none to all of the experts. Equal scores take the earlier token. Padding is never taken.</para>
/// <para>Not causal: whether a token is taken depends on later tokens, so a causal decoder refuses it.</para>
/// <para>Source: Zhou et al. 2022, arXiv:2202.09368.</para>
/// </remarks>
/// <param name="rule">Tokens an expert takes; its k is 1.</param>
internal sealed class ExpertChoiceSelect(CapacityRule rule) : Select
{
    /// <inheritdoc/>
    public override bool DependsOnBatch => true;

    /// <inheritdoc/>
    public override bool LooksAhead => true;

    /// <inheritdoc/>
    public override bool GivesPositions => true;

    /// <inheritdoc/>
    public override int Width(int expertCount) => expertCount;

    /// <inheritdoc/>
    public override int ChoicesPerToken(int expertCount) => 1;

    /// <inheritdoc/>
    public override void Choose(in SelectInput input, Indices ids)
    {
        Tensor scores = input.Scores;
        int experts = scores.Columns;
        ids.Span.Fill(-1);
        input.Positions!.Span.Fill(-1);
        for (int group = 0; group < input.Context.GroupCount; group++)
        {
            (int start, int end) = input.Context.Group(group, scores.Rows);
            int capacity = rule.Rows(new CapacityFacts(end - start, experts, 1, end - start));
            Tensor column = scores.Scope!.New(new TensorShape(end - start));
            Indices taken = scores.Scope.NewIndices(Math.Min(capacity, end - start));
            for (int e = 0; e < experts; e++)
            {
                for (int t = start; t < end; t++)
                {
                    column.Span[t - start] = input.Context.IsPadding(t) ? float.NegativeInfinity : scores.Row(t)[e];
                }

                TopKSelect.Row(column.Span, taken.Span);
                for (int rank = 0; rank < taken.Length && taken[rank] >= 0; rank++)
                {
                    int choice = ((start + taken[rank]) * experts) + e;
                    ids[choice] = e;
                    input.Positions[choice] = rank;
                }
            }
        }
    }
}
