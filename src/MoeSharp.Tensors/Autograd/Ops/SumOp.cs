using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>The sum of all elements.</summary>
/// <remarks>
/// <para>Shapes: <c>x [..]</c> → scalar. Formula: <c>y = f·Σ x</c> with a constant factor f; <c>dx = f·dy</c>. Summed in double.</para>
/// </remarks>
public sealed class SumOp : Operation
{
    private readonly Tensor _x;
    private readonly float _factor;

    private SumOp(Tensor x, float factor, Tensor output)
        : base(output)
    {
        _x = x;
        _factor = factor;
    }

    /// <summary>Sums all elements, times <paramref name="factor"/>.</summary>
    public static Tensor Apply(Tensor x, float factor = 1)
    {
        TensorScope scope = ScopeOf("sum", x);
        Tensor output = scope.New(TensorShape.Scalar);
        output.Span[0] = (float)(SumKernel.Sum(x.Span) * factor);
        return Records(scope, x) ? Record(scope, new SumOp(x, factor, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Tensor gradient = _x.GradientFor(out bool accumulate);
        float value = OutputGradient.Span[0] * _factor;
        if (accumulate)
        {
            ElementKernel.AddValue(value, gradient.Span);
        }
        else
        {
            gradient.Fill(value);
        }
    }
}
