using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MoeSharp.Experts.Ops;

/// <summary>What the experts leave of a token: <c>y_t = (1 − Σ_k w[t, k]) · x_t</c>.</summary>
/// <remarks>Shapes: <c>x [T, D]</c>, <c>w [T, K]</c> → <c>[T, D]</c>. <c>dx = (1 − Σ w)·dy</c>, <c>dw_k = −dy·x</c>.</remarks>
internal sealed class RemainderOp : Operation
{
    private readonly Tensor _x;
    private readonly Tensor _weights;

    private RemainderOp(Tensor x, Tensor weights, Tensor output)
        : base(output)
    {
        _x = x;
        _weights = weights;
    }

    /// <summary>Scales every token by what its weights leave.</summary>
    public static Tensor Apply(Tensor x, Tensor weights)
    {
        TensorScope scope = ScopeOf("remainder", x);
        Tensor output = scope.New(x.Shape);
        for (int t = 0; t < x.Rows; t++)
        {
            TensorPrimitives.Multiply(x.Row(t), Left(weights.Row(t)), output.Row(t));
        }

        return Records(scope, x, weights) ? Record(scope, new RemainderOp(x, weights, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Tensor dy = OutputGradient;
        if (_x.NeedsGradient)
        {
            Tensor dx = _x.GradientFor(out bool accumulate);
            for (int t = 0; t < dx.Rows; t++)
            {
                RowScaleAdd(dy.Row(t), Left(_weights.Row(t)), dx.Row(t), accumulate);
            }
        }

        if (_weights.NeedsGradient)
        {
            Tensor dw = _weights.GradientFor(out bool accumulate);
            for (int t = 0; t < dw.Rows; t++)
            {
                float dot = TensorPrimitives.Dot(dy.Row(t), _x.Row(t));
                foreach (ref float d in dw.Row(t))
                {
                    d = (accumulate ? d : 0) - dot;
                }
            }
        }
    }

    /// <summary>target = source · factor, added to what is there when <paramref name="accumulate"/>.</summary>
    internal static void RowScaleAdd(ReadOnlySpan<float> source, float factor, Span<float> target, bool accumulate)
    {
        for (int i = 0; i < target.Length; i++)
        {
            target[i] = (accumulate ? target[i] : 0) + (source[i] * factor);
        }
    }

    private static float Left(ReadOnlySpan<float> weights)
    {
        float left = 1;
        foreach (float weight in weights)
        {
            left -= weight;
        }

        return left;
    }
}
