using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MoeSharp.Experts.Ops;

/// <summary>A tensor times one learned number, given as itself or as its logarithm with an upper limit.</summary>
/// <remarks>
/// <para>Shapes: <c>x [..]</c>, <c>s [1]</c> → <c>[..]</c>. Formula: <c>y = f·x</c>, <c>f = s</c>, or <c>exp(min(s, limit))</c>.</para>
/// <para>Derivative: <c>dx = f·dy</c>; <c>ds = Σ dy·x</c>, times f for the logarithm, 0 above the limit.</para>
/// </remarks>
internal sealed class ScalarScaleOp : Operation
{
    private readonly Tensor _x;
    private readonly Tensor _scale;
    private readonly float? _limit;

    private ScalarScaleOp(Tensor x, Tensor scale, float? limit, Tensor output)
        : base(output)
    {
        _x = x;
        _scale = scale;
        _limit = limit;
    }

    /// <summary>Scales every element.</summary>
    /// <param name="x">What to scale.</param>
    /// <param name="scale">The number, or its logarithm when <paramref name="limit"/> is given.</param>
    /// <param name="limit">Upper limit of the logarithm.</param>
    public static Tensor Apply(Tensor x, Tensor scale, float? limit)
    {
        TensorScope scope = ScopeOf("scale", x);
        Tensor output = scope.New(x.Shape);
        TensorPrimitives.Multiply(x.Span, Factor(scale, limit), output.Span);
        return Records(scope, x, scale) ? Record(scope, new ScalarScaleOp(x, scale, limit, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        float factor = Factor(_scale, _limit);
        if (_x.NeedsGradient)
        {
            Tensor dx = _x.GradientFor(out bool accumulate);
            RemainderOp.RowScaleAdd(OutputGradient.Span, factor, dx.Span, accumulate);
        }

        if (_scale.NeedsGradient)
        {
            float slope = _limit is null ? 1 : _scale.Span[0] < _limit ? factor : 0;
            Span<float> ds = _scale.GradientFor(out bool accumulate).Span;
            ds[0] = (accumulate ? ds[0] : 0) + (slope * TensorPrimitives.Dot(OutputGradient.Span, _x.Span));
        }
    }

    private static float Factor(Tensor scale, float? limit) =>
        limit is { } top ? MathF.Exp(MathF.Min(scale.Span[0], top)) : scale.Span[0];
}
