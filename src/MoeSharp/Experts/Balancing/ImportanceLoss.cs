using MoeSharp.Experts.Ops;
using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;

namespace MoeSharp.Experts.Balancing;

/// <summary>Evens out the summed weight of experts: the squared coefficient of variation of their importance, 0 at balance.</summary>
/// <remarks>
/// <para>Formula: <c>Imp_e = Σ_t s[t, e]</c>; <c>CV² = var/(mean² + ε)</c>. Which scores, which variance and which ε differ between projects.</para>
/// <para>Source: Shazeer et al. 2017, arXiv:1701.06538 (weights, unbiased in its ports); V-MoE, arXiv:2106.05974 (clean softmax, population).</para>
/// </remarks>
public sealed class ImportanceLoss : BalanceLoss
{
    /// <inheritdoc/>
    public override string Name => "importance";

    /// <summary>Which scores are summed.</summary>
    public BalanceScores Scores { get; init; } = BalanceScores.Weights;

    /// <summary>True to divide the variance by E − 1.</summary>
    public bool Unbiased { get; init; } = true;

    /// <summary>Added to the squared mean.</summary>
    public double Epsilon { get; init; } = 1e-10;

    /// <summary>Over the batch, or each group and then the mean (V-MoE).</summary>
    public BalanceSpan Span { get; init; } = BalanceSpan.Batch;

    /// <inheritdoc/>
    public override BalanceTerm Measure(in RoutingDecision decision, RoutingContext context)
    {
        Tensor sums = SegmentSumOp.Apply(
            LossScores.Of(Scores, decision), Span == BalanceSpan.Batch ? null : context.GroupStarts, context.Padding);
        return new BalanceTerm { Value = SquaredVariationOp.Apply(sums, Unbiased, Epsilon) };
    }
}
