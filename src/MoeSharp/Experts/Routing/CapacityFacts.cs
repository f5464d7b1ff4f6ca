namespace MoeSharp.Experts.Routing;

/// <summary>What a <see cref="CapacityRule"/> may know of a group.</summary>
/// <param name="Tokens">T, tokens of the group.</param>
/// <param name="Experts">E.</param>
/// <param name="Choices">k, choices a token.</param>
/// <param name="LargestLoad">Choices of the most wanted expert.</param>
public readonly record struct CapacityFacts(int Tokens, int Experts, int Choices, int LargestLoad);
