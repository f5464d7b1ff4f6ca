using MoeSharp.Tensors;

namespace MoeSharp.Experts.Routing;

/// <summary>In training the top-k of a balanced soft assignment, in evaluation the plain top-k of the logits.</summary>
/// <remarks>Source: S-BASE, arXiv:2202.01169; Megatron-Core.</remarks>
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
        int experts = scores.Columns;
        Tensor plan = scores;
        if (input.Context.IsTraining)
        {
            double[] balanced = Sinkhorn.Plan(scores.Span, experts, tolerance);
            plan = scores.Scope!.New(scores.Shape);
            for (int i = 0; i < balanced.Length; i++)
            {
                plan.Span[i] = (float)balanced[i];
            }
        }

        for (int t = 0; t < plan.Rows; t++)
        {
            TopKSelect.Row(plan.Row(t), ids.Span.Slice(t * k, k));
        }
    }
}
