using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;

namespace MoeSharp.Experts.Ops;

/// <summary>Softplus plus a constant: <c>y = log(1 + eˣ) + ε</c>; <c>dx = dy·σ(x)</c>.</summary>
/// <remarks>Shapes: <c>x [..]</c> → <c>[..]</c>. Rounding: computed in double, rounded once.</remarks>
internal sealed class SoftplusOp : Operation
{
    private readonly Tensor _x;

    private SoftplusOp(Tensor x, Tensor output)
        : base(output) => _x = x;

    /// <summary>Applies it to every element.</summary>
    public static Tensor Apply(Tensor x, float offset)
    {
        TensorScope scope = ScopeOf("softplus", x);
        Tensor output = scope.New(x.Shape);
        ReadOnlySpan<float> source = x.Span;
        Span<float> y = output.Span;
        for (int i = 0; i < y.Length; i++)
        {
            y[i] = ScoreOp.Softplus(source[i]) + offset;
        }

        return Records(scope, x) ? Record(scope, new SoftplusOp(x, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        ReadOnlySpan<float> dy = OutputGradient.Span, x = _x.Span;
        Span<float> dx = _x.GradientFor(out bool accumulate).Span;
        for (int i = 0; i < dx.Length; i++)
        {
            dx[i] = (accumulate ? dx[i] : 0) + (dy[i] * ScoreOp.Sigmoid(x[i]));
        }
    }
}
