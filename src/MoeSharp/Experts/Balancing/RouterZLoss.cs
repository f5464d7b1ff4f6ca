using MoeSharp.Experts.Ops;
using MoeSharp.Experts.Routing;

namespace MoeSharp.Experts.Balancing;

/// <summary>Keeps router logits small: the mean over rows of <c>logsumexp(h)²</c>.</summary>
/// <remarks><para>Gradient: <c>2·lse·softmax(h) / n</c>. Source: ST-MoE, arXiv:2202.08906 (coefficient 0.001).</para></remarks>
public sealed class RouterZLoss : BalanceLoss
{
    /// <inheritdoc/>
    public override string Name => "router_z";

    /// <summary>What padding does.</summary>
    public PaddingHabit Padding { get; init; }

    /// <summary>Divides by this count of tokens instead of those at hand (OLMo-core); 0 for none.</summary>
    public float TokenDivisor { get; init; }

    /// <inheritdoc/>
    public override BalanceTerm Measure(in RoutingDecision decision, RoutingContext context)
    {
        if (decision.Logits is null)
        {
            throw new InvalidOperationException("router z-loss: the router has no logits. Leave the loss out.");
        }

        return new BalanceTerm { Value = ZLossOp.Apply(decision.Logits, context.Padding, Padding.ZeroLogits, TokenDivisor) };
    }
}
