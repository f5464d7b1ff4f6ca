using MoeSharp.Tensors;

namespace MoeSharp.Experts.Routing;

/// <summary>What a <see cref="Select"/> part chooses by.</summary>
/// <param name="Scores">Scores <c>[T, E]</c>, or the logits where the part asks for them; expert bias added, interventions applied.</param>
/// <param name="Logits">Logits <c>[T, E]</c>, noise included.</param>
/// <param name="Context">The step.</param>
/// <param name="Positions">Where to write the place of each choice in its expert's buffer; null unless <see cref="Select.GivesPositions"/>.</param>
public readonly record struct SelectInput(Tensor Scores, Tensor Logits, RoutingContext Context, Indices? Positions = null);
