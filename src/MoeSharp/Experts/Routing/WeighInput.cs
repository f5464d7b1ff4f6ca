using MoeSharp.Tensors;

namespace MoeSharp.Experts.Routing;

/// <summary>What a <see cref="Weigh"/> part makes weights of.</summary>
/// <param name="Scores">Scores <c>[T, E]</c>, without expert bias.</param>
/// <param name="Logits">Logits <c>[T, E]</c>, noise included.</param>
/// <param name="Ids">The choice <c>[T·K]</c>.</param>
/// <param name="ServedIds">What is left of it after retention and capacity <c>[T·K]</c>.</param>
/// <param name="TopK">K.</param>
/// <param name="Context">The step.</param>
public readonly record struct WeighInput(
    Tensor Scores, Tensor Logits, Indices Ids, Indices ServedIds, int TopK, RoutingContext Context);
