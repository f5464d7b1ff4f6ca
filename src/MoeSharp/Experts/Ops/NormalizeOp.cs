using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MoeSharp.Experts.Ops;

/// <summary>Rows divided by their sums: scores that are not a distribution become one.</summary>
/// <remarks>Shapes: <c>x [T, E]</c> → <c>[T, E]</c>. <c>y = x/(Σx + ε)</c>; <c>dx = (dy − Σ dy·y)/(Σx + ε)</c>, ε = 1e-20.</remarks>
internal sealed class NormalizeOp : Operation
{
    private const float Epsilon = 1e-20f; // only against a row of zeros

    private readonly Tensor _x;

    private NormalizeOp(Tensor x, Tensor output)
        : base(output) => _x = x;

    /// <summary>Normalises every row.</summary>
    public static Tensor Apply(Tensor x)
    {
        TensorScope scope = ScopeOf("normalize", x);
        Tensor output = scope.New(x.Shape);
        for (int t = 0; t < x.Rows; t++)
        {
            TensorPrimitives.Divide(x.Row(t), TensorPrimitives.Sum(x.Row(t)) + Epsilon, output.Row(t));
        }

        return Records(scope, x) ? Record(scope, new NormalizeOp(x, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Tensor gradient = _x.GradientFor(out bool accumulate);
        for (int t = 0; t < gradient.Rows; t++)
        {
            ReadOnlySpan<float> dy = OutputGradient.Row(t);
            float sum = TensorPrimitives.Sum(_x.Row(t)) + Epsilon, inner = TensorPrimitives.Dot(dy, Output.Row(t));
            Span<float> dx = gradient.Row(t);
            for (int e = 0; e < dx.Length; e++)
            {
                dx[e] = (accumulate ? dx[e] : 0) + ((dy[e] - inner) / sum);
            }
        }
    }
}
