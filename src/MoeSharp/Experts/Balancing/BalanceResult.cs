using MoeSharp.Tensors;

namespace MoeSharp.Experts.Balancing;

/// <summary>The balance loss of a model.</summary>
/// <param name="Total">Σ coefficient · value, a scalar to add to the loss of the task; null when the rule has no losses.</param>
/// <param name="Values">The value of every loss in its own convention, without coefficient.</param>
/// <param name="BalancedValues">What each value is when the load is uniform; 0 where that is 0.</param>
public readonly record struct BalanceResult(Tensor? Total, IReadOnlyList<float> Values, IReadOnlyList<float> BalancedValues)
{
    /// <summary>The value to print: 1 when balanced, whatever the convention (the value itself where balance is 0).</summary>
    /// <param name="loss">Which loss.</param>
    public float Printed(int loss) => BalancedValues[loss] > 0 ? Values[loss] / BalancedValues[loss] : Values[loss];
}
