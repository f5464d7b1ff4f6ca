using MoeSharp.Experts.Ops;
using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Experts.Balancing;

/// <summary>Evens out the load of experts through a smooth count of it: the squared coefficient of variation, 0 at balance.</summary>
/// <remarks>
/// <para>Formula: <c>Load_e = Σ_t Φ((h[t, e] − threshold)/σ)</c>: the chance of being chosen when the noise is drawn anew.</para>
/// <para>Without noise (evaluation, or K = E) the count is hard and has no gradient, as in the PyTorch port.</para>
/// <para>Source: Shazeer et al. 2017, arXiv:1701.06538, appendix A; V-MoE, arXiv:2106.05974.</para>
/// </remarks>
/// <param name="noise">The noise of the router, for its deviation.</param>
public sealed class LoadLoss(LogitNoise noise) : BalanceLoss
{
    /// <inheritdoc/>
    public override string Name => "load";

    /// <summary>True for the (k + 1)-th value where the expert is inside the top k (Shazeer); false for the k-th everywhere (V-MoE, Tutel).</summary>
    public bool ExcludesSelf { get; init; } = true;

    /// <summary>True to take thresholds among the scores instead of the noisy logits (a mixture of scales in Shazeer's port).</summary>
    public bool ThresholdFromScores { get; init; }

    /// <summary>True to compare clean softmax scores with the threshold instead of clean logits (a mixture of scales in Tutel's layer).</summary>
    public bool ComparesScores { get; init; }

    /// <summary>True to divide the variance by E − 1.</summary>
    public bool Unbiased { get; init; } = true;

    /// <summary>Added to the squared mean.</summary>
    public double Epsilon { get; init; } = 1e-10;

    /// <summary>Over the batch, or each group and then the mean (V-MoE).</summary>
    public BalanceSpan Span { get; init; } = BalanceSpan.Batch;

    /// <inheritdoc/>
    public override BalanceTerm Measure(in RoutingDecision decision, RoutingContext context)
    {
        Tensor load = SegmentSumOp.Apply(
            Probabilities(decision, context), Span == BalanceSpan.Batch ? null : context.GroupStarts, context.Padding);
        return new BalanceTerm { Value = SquaredVariationOp.Apply(load, Unbiased, Epsilon) };
    }

    /// <summary>The smooth load of every token <c>[T, E]</c>.</summary>
    internal Tensor Probabilities(in RoutingDecision decision, RoutingContext context)
    {
        if (!context.IsTraining || decision.TopK >= decision.ExpertCount)
        {
            Tensor hard = decision.Weights.Scope!.Zeros(new TensorShape(decision.TokenCount, decision.ExpertCount));
            for (int i = 0; i < decision.ServedIds.Length; i++)
            {
                if (decision.ServedIds[i] >= 0 && decision.Weights.Span[i] > 0)
                {
                    hard.Row(i / decision.TopK)[decision.ServedIds[i]] = 1;
                }
            }

            return hard;
        }

        Tensor clean = ComparesScores ? SoftmaxOp.Apply(decision.Logits!) : decision.Logits!;
        Tensor source = ThresholdFromScores ? decision.Scores! : decision.NoisyLogits!;
        return LoadProbabilityOp.Apply(
            clean, decision.NoisyLogits!, source, decision.NoiseScale, noise.ConstantDeviation(decision.ExpertCount), decision.TopK, ExcludesSelf);
    }
}
