using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MoeSharp.Experts.Ops;

/// <summary>Two results mixed by two coefficients a token: <c>y_t = c[t, 0]·a_t + c[t, 1]·b_t</c>.</summary>
/// <remarks>Shapes: <c>a, b [T, D]</c>, <c>c [T, 2]</c> → <c>[T, D]</c>. <c>da = c₀·dy</c>, <c>db = c₁·dy</c>, <c>dc = (dy·a, dy·b)</c>.</remarks>
internal sealed class MixOp : Operation
{
    private readonly Tensor _a;
    private readonly Tensor _b;
    private readonly Tensor _coefficients;

    private MixOp(Tensor a, Tensor b, Tensor coefficients, Tensor output)
        : base(output)
    {
        _a = a;
        _b = b;
        _coefficients = coefficients;
    }

    /// <summary>Mixes row by row.</summary>
    public static Tensor Apply(Tensor a, Tensor b, Tensor coefficients)
    {
        TensorScope scope = ScopeOf("mix", a);
        Tensor output = scope.New(a.Shape);
        for (int t = 0; t < a.Rows; t++)
        {
            ReadOnlySpan<float> c = coefficients.Row(t);
            TensorPrimitives.Multiply(a.Row(t), c[0], output.Row(t));
            RemainderOp.RowScaleAdd(b.Row(t), c[1], output.Row(t), accumulate: true);
        }

        return Records(scope, a, b, coefficients) ? Record(scope, new MixOp(a, b, coefficients, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Pass(_a, 0);
        Pass(_b, 1);
        if (_coefficients.NeedsGradient)
        {
            Tensor dc = _coefficients.GradientFor(out bool accumulate);
            for (int t = 0; t < dc.Rows; t++)
            {
                ReadOnlySpan<float> dy = OutputGradient.Row(t);
                Span<float> row = dc.Row(t);
                row[0] = (accumulate ? row[0] : 0) + TensorPrimitives.Dot(dy, _a.Row(t));
                row[1] = (accumulate ? row[1] : 0) + TensorPrimitives.Dot(dy, _b.Row(t));
            }
        }
    }

    private void Pass(Tensor input, int coefficient)
    {
        if (!input.NeedsGradient)
        {
            return;
        }

        Tensor gradient = input.GradientFor(out bool accumulate);
        for (int t = 0; t < gradient.Rows; t++)
        {
            RemainderOp.RowScaleAdd(OutputGradient.Row(t), _coefficients.Row(t)[coefficient], gradient.Row(t), accumulate);
        }
    }
}
