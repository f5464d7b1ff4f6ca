using MoeSharp.Tensors;

namespace MoeSharp.Experts.Routing;

/// <summary>A choice of experts before its weights are final: what an intervention may thin out.</summary>
/// <param name="Ids">Chosen experts <c>[T·K]</c>; −1 for none.</param>
/// <param name="Weights">The weights they would have <c>[T, K]</c>; 0 where there is no choice.</param>
/// <param name="ChoiceScores">What they were chosen by <c>[T, E]</c>, expert bias included.</param>
public readonly record struct RoutingChoice(Indices Ids, Tensor Weights, Tensor ChoiceScores);
