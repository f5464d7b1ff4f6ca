using MoeSharp.Experts.Balancing;
using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;

namespace MoeSharp.Experts;

/// <summary>What a mixture-of-experts layer returns.</summary>
/// <param name="Hidden">The mixture <c>[T, D]</c>, without the residual stream.</param>
/// <param name="Routing">Who went where; lives as long as the step.</param>
/// <param name="Balance">The layer's share in the balance loss; null when it was not measured.</param>
public readonly record struct MoeOutput(Tensor Hidden, RoutingDecision Routing, BalanceTerms? Balance);
