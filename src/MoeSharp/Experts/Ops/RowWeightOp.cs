using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;

namespace MoeSharp.Experts.Ops;

/// <summary>Every row times a learned vector and a constant: <c>y_t = c·γ∘x_t</c>.</summary>
/// <remarks>Shapes: <c>x [T, D]</c>, <c>γ [D]</c> → <c>[T, D]</c>. <c>dx = c·γ∘dy</c>, <c>dγ = c·Σ_t x_t∘dy_t</c>.</remarks>
internal sealed class RowWeightOp : Operation
{
    private readonly Tensor _x;
    private readonly Tensor _weight;
    private readonly float _constant;

    private RowWeightOp(Tensor x, Tensor weight, float constant, Tensor output)
        : base(output)
    {
        _x = x;
        _weight = weight;
        _constant = constant;
    }

    /// <summary>Scales the columns.</summary>
    public static Tensor Apply(Tensor x, Tensor weight, float constant)
    {
        TensorScope scope = ScopeOf("row weight", x);
        Tensor output = scope.New(x.Shape);
        ReadOnlySpan<float> w = weight.Span;
        for (int t = 0; t < x.Rows; t++)
        {
            for (int d = 0; d < w.Length; d++)
            {
                output.Row(t)[d] = x.Row(t)[d] * constant * w[d];
            }
        }

        return Records(scope, x, weight) ? Record(scope, new RowWeightOp(x, weight, constant, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        ReadOnlySpan<float> w = _weight.Span;
        if (_x.NeedsGradient)
        {
            Tensor gradient = _x.GradientFor(out bool accumulate);
            for (int t = 0; t < gradient.Rows; t++)
            {
                Span<float> dx = gradient.Row(t);
                for (int d = 0; d < dx.Length; d++)
                {
                    dx[d] = (accumulate ? dx[d] : 0) + (OutputGradient.Row(t)[d] * _constant * w[d]);
                }
            }
        }

        if (_weight.NeedsGradient)
        {
            Span<float> dw = _weight.GradientFor(out bool accumulate).Span;
            for (int d = 0; d < dw.Length; d++)
            {
                double sum = 0;
                for (int t = 0; t < _x.Rows; t++)
                {
                    sum += (double)_x.Row(t)[d] * OutputGradient.Row(t)[d];
                }

                dw[d] = (accumulate ? dw[d] : 0) + (float)(_constant * sum);
            }
        }
    }
}
