namespace MoeSharp.Experts.Balancing;

/// <summary>The shares of one layer in the losses of a <see cref="Balance"/>, in the order of its losses.</summary>
/// <param name="Terms">One for each loss.</param>
public sealed record BalanceTerms(IReadOnlyList<BalanceTerm> Terms);
