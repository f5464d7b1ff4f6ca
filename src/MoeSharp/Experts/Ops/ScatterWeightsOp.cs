using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;

namespace MoeSharp.Experts.Ops;

/// <summary>Weights at the columns of their experts: <c>[T, K]</c> → <c>[T, E]</c>, 0 elsewhere.</summary>
/// <remarks>Derivative: each weight takes the gradient of its place.</remarks>
internal sealed class ScatterWeightsOp : Operation
{
    private readonly Tensor _weights;
    private readonly Indices _ids;

    private ScatterWeightsOp(Tensor weights, Indices ids, Tensor output)
        : base(output)
    {
        _weights = weights;
        _ids = ids;
    }

    /// <summary>Spreads the weights.</summary>
    public static Tensor Apply(Tensor weights, Indices ids, int expertCount)
    {
        TensorScope scope = ScopeOf("combine weights", weights);
        Tensor output = scope.Zeros(new TensorShape(weights.Rows, expertCount));
        ReadOnlySpan<float> w = weights.Span;
        for (int i = 0; i < w.Length; i++)
        {
            if (ids[i] >= 0)
            {
                output.Row(i / weights.Columns)[ids[i]] += w[i];
            }
        }

        return Records(scope, weights) ? Record(scope, new ScatterWeightsOp(weights, ids, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Span<float> dw = _weights.GradientFor(out bool accumulate).Span;
        for (int i = 0; i < dw.Length; i++)
        {
            float d = _ids[i] >= 0 ? OutputGradient.Row(i / _weights.Columns)[_ids[i]] : 0;
            dw[i] = (accumulate ? dw[i] : 0) + d;
        }
    }
}
