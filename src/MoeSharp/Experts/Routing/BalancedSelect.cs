using MoeSharp.Tensors;

namespace MoeSharp.Experts.Routing;

/// <summary>In training a balanced assignment by logits, in evaluation the best expert of each token.</summary>
/// <remarks>Padding is left out of the assignment. Source: BASE layers, arXiv:2103.16716.</remarks>
internal sealed class BalancedSelect : Select
{
    /// <inheritdoc/>
    public override bool DependsOnBatch => true;

    /// <inheritdoc/>
    public override bool ChoosesByLogits => true;

    /// <inheritdoc/>
    public override int Width(int expertCount) => 1;

    /// <inheritdoc/>
    public override void Choose(in SelectInput input, Indices ids)
    {
        Tensor scores = input.Scores;
        if (!input.Context.IsTraining)
        {
            for (int t = 0; t < scores.Rows; t++)
            {
                TopKSelect.Row(scores.Row(t), ids.Span.Slice(t, 1));
            }

            return;
        }

        int experts = scores.Columns, count = 0;
        Indices tokens = scores.Scope!.NewIndices(scores.Rows);
        Tensor rows = scores.Scope.New(scores.Shape);
        for (int t = 0; t < scores.Rows; t++)
        {
            if (!input.Context.IsPadding(t))
            {
                scores.Row(t).CopyTo(rows.Row(count));
                tokens[count++] = t;
            }
        }

        ids.Span.Fill(-1);
        int[] expertOf = Routing.BalancedAssignment.Solve(rows.Span[..(count * experts)], experts);
        for (int i = 0; i < count; i++)
        {
            ids[tokens[i]] = expertOf[i];
        }
    }
}
