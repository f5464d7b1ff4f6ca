using MoeSharp.Tensors;

namespace MoeSharp.Experts.Routing;

/// <summary>In training the top-k of a balanced soft assignment, in evaluation the plain top-k of the logits.</summary>
/// <remarks>Padding is left out of the assignment. Source: S-BASE, arXiv:2202.01169; Megatron-Core.</remarks>
internal sealed class SinkhornSelect(int k, double tolerance) : Select
{
    /// <inheritdoc/>
    public override bool DependsOnBatch => true;

    /// <inheritdoc/>
    public override bool ChoosesByLogits => true;

    /// <inheritdoc/>
    public override int Width(int expertCount) => k;

    /// <inheritdoc/>
    public override void Choose(in SelectInput input, Indices ids)
    {
        Tensor scores = input.Scores;
        Tensor plan = input.Context.IsTraining ? Balanced(scores, input.Context) : scores;
        for (int t = 0; t < plan.Rows; t++)
        {
            TopKSelect.Row(plan.Row(t), ids.Span.Slice(t * k, k));
        }
    }

    /// <summary>The plan of the rows that are no padding; padding has no share in the balance.</summary>
    private Tensor Balanced(Tensor scores, RoutingContext context)
    {
        int experts = scores.Columns, count = 0;
        Tensor rows = scores.Scope!.New(scores.Shape), plan = scores.Scope.Zeros(scores.Shape);
        for (int t = 0; t < scores.Rows; t++)
        {
            if (!context.IsPadding(t))
            {
                scores.Row(t).CopyTo(rows.Row(count++));
            }
        }

        double[] balanced = count > 0 ? Sinkhorn.Plan(rows.Span[..(count * experts)], experts, tolerance) : [];
        for (int t = 0, next = 0; t < scores.Rows; t++)
        {
            for (int e = 0; e < experts && !context.IsPadding(t); e++)
            {
                plan.Row(t)[e] = (float)balanced[next++];
            }
        }

        return plan;
    }
}
