using MoeSharp.Tensors;

namespace MoeSharp.Experts.Routing;

/// <summary>What a <see cref="Capacity"/> part decides by.</summary>
/// <param name="Scores">Scores <c>[T, E]</c>.</param>
/// <param name="Weights">Weights before drops <c>[T, K]</c>, where the priority asks for them.</param>
/// <param name="Ids">The choice <c>[T·K]</c>.</param>
/// <param name="Kept">The choice after retention <c>[T·K]</c>.</param>
/// <param name="TopK">K, the columns.</param>
/// <param name="ChoicesPerToken">The k of the capacity formula.</param>
/// <param name="Context">The step.</param>
internal readonly record struct CapacityInput(
    Tensor Scores, Tensor? Weights, Indices Ids, Indices Kept, int TopK, int ChoicesPerToken, RoutingContext Context);
