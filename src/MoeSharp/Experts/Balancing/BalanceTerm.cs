using MoeSharp.Tensors;

namespace MoeSharp.Experts.Balancing;

/// <summary>The share of one layer in one balance loss, not yet reduced.</summary>
/// <remarks>Either sums (<see cref="ScoreSums"/>, <see cref="Counts"/>, <see cref="Rows"/>), multiplied by the rule of the model, or a finished value.</remarks>
public sealed class BalanceTerm
{
    /// <summary>Differentiable sums of scores over the rows of each segment <c>[S, E]</c>.</summary>
    public Tensor? ScoreSums { get; init; }

    /// <summary>Choices of each expert in each segment <c>[S·E]</c>.</summary>
    public float[] Counts { get; init; } = [];

    /// <summary>Rows of each segment <c>[S]</c>.</summary>
    public float[] Rows { get; init; } = [];

    /// <summary>What counts sum to per row: K, or 1 where only first choices count.</summary>
    public float ChoicesPerRow { get; init; } = 1;

    /// <summary>The finished value of the layer, where the loss has no sums to pool.</summary>
    public Tensor? Value { get; init; }
}
