using MoeSharp.Experts.Ops;
using MoeSharp.Tensors;

namespace MoeSharp.Experts.Mixtures;

/// <summary>The three losses of the first mixture of experts, on the outputs of single experts.</summary>
/// <remarks>Source: Jacobs, Jordan, Nowlan, Hinton 1991, "Adaptive mixtures of local experts".</remarks>
public static class MixtureLoss
{
    /// <summary>Mean loss over the rows.</summary>
    /// <param name="kind">Which loss.</param>
    /// <param name="probabilities">Softmax of the router <c>[T, E]</c>.</param>
    /// <param name="outputs">Outputs of all experts, row t·E + e <c>[T·E, D]</c>.</param>
    /// <param name="target">What was wanted <c>[T, D]</c>.</param>
    /// <param name="variance">σ² of the likelihood.</param>
    /// <exception cref="TensorShapeException">The shapes do not fit.</exception>
    public static Tensor Apply(MixtureLossKind kind, Tensor probabilities, Tensor outputs, Tensor target, float variance = 1)
    {
        if (outputs.Rows != probabilities.Length || outputs.Columns != target.Columns || target.Rows != probabilities.Rows)
        {
            throw new TensorShapeException(
                $"mixture loss: got probabilities {probabilities.Shape}, outputs {outputs.Shape} and a target {target.Shape}. "
                + "They must be [T, E], [T·E, D] and [T, D].");
        }

        return MixtureLossOp.Apply(kind, probabilities, outputs, target, variance);
    }
}
