using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>The sum of all elements, each times a constant.</summary>
/// <remarks>
/// <para>Shapes: <c>x [..]</c>, weights of the same length → scalar. Formula: <c>y = Σ c∘x</c>; <c>dx = dy·c</c>. Summed in double.</para>
/// <para>The weights carry no gradient and must not change before the backward pass.</para>
/// </remarks>
public sealed class WeightedSumOp : Operation
{
    private readonly Tensor _x;
    private readonly Tensor _weights;

    private WeightedSumOp(Tensor x, Tensor weights, Tensor output)
        : base(output)
    {
        _x = x;
        _weights = weights;
    }

    /// <summary>Sums <paramref name="x"/> with constant weights.</summary>
    /// <exception cref="TensorShapeException">The lengths differ.</exception>
    public static Tensor Apply(Tensor x, Tensor weights)
    {
        if (weights.Length != x.Length)
        {
            Throw.Shape($"weighted sum: got weights {weights.Shape} for {x.Shape}. There must be one an element.");
        }

        TensorScope scope = ScopeOf("weighted sum", x);
        Tensor output = scope.New(TensorShape.Scalar);
        output.Span[0] = (float)SumKernel.Dot(x.Span, weights.Span);
        return Records(scope, x) ? Record(scope, new WeightedSumOp(x, weights, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Tensor gradient = _x.GradientFor(out bool accumulate);
        ScaleOp.Run(Output.Scope!, _weights, OutputGradient.Span[0], gradient, accumulate);
    }

    /// <summary>As <see cref="Apply(Tensor, Tensor)"/>, with a copy of the weights.</summary>
    public static Tensor Apply(Tensor x, ReadOnlySpan<float> weights) =>
        Apply(x, ScopeOf("weighted sum", x).From(weights, new(weights.Length)));
}
