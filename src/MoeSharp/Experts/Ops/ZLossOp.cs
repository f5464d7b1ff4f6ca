using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MoeSharp.Experts.Ops;

/// <summary>Mean over rows of the squared log-sum-exp.</summary>
/// <remarks>
/// <para>Shapes: <c>h [T, E]</c> → scalar. Formula: <c>1/n · Σ_t lse(h_t)²</c>; <c>dh = 2·lse·softmax(h)·dy/n</c>. Sums in double.</para>
/// <para>Padding rows do not count; with <c>zeroPadding</c> each counts as log(E)², without gradient.</para>
/// </remarks>
internal sealed class ZLossOp : Operation
{
    private readonly Tensor _logits;
    private readonly Indices? _padding;
    private readonly float _divisor;

    private ZLossOp(Tensor logits, Indices? padding, float divisor, Tensor output)
        : base(output)
    {
        _logits = logits;
        _padding = padding;
        _divisor = divisor;
    }

    /// <summary>Computes the loss.</summary>
    /// <param name="logits">Router logits.</param>
    /// <param name="padding">Nonzero for rows that do not count.</param>
    /// <param name="zeroPadding">True to count them as logits of 0.</param>
    /// <param name="divisor">Count of rows to divide by; 0 takes those that count.</param>
    public static Tensor Apply(Tensor logits, Indices? padding, bool zeroPadding, float divisor)
    {
        TensorScope scope = ScopeOf("router z-loss", logits);
        double sum = 0, rows = 0, zero = Math.Log(logits.Columns);
        for (int t = 0; t < logits.Rows; t++)
        {
            bool isPadding = padding is not null && padding[t] != 0;
            if (isPadding && !zeroPadding)
            {
                continue;
            }

            double lse = isPadding ? zero : LogSumExp(logits.Row(t));
            sum += lse * lse;
            rows++;
        }

        float n = divisor > 0 ? divisor : (float)Math.Max(rows, 1);
        Tensor output = scope.New(TensorShape.Scalar);
        output.Span[0] = (float)(sum / n);
        return Records(scope, logits) ? Record(scope, new ZLossOp(logits, padding, n, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        float dy = OutputGradient.Span[0];
        Tensor gradient = _logits.GradientFor(out bool accumulate);
        for (int t = 0; t < gradient.Rows; t++)
        {
            ReadOnlySpan<float> h = _logits.Row(t);
            bool counts = _padding is null || _padding[t] == 0;
            double lse = counts ? LogSumExp(h) : 0;
            double factor = counts ? 2 * lse * dy / _divisor : 0;
            Span<float> dh = gradient.Row(t);
            for (int e = 0; e < dh.Length; e++)
            {
                dh[e] = (accumulate ? dh[e] : 0) + (counts ? (float)factor * MathF.Exp(h[e] - (float)lse) : 0);
            }
        }
    }

    private static double LogSumExp(ReadOnlySpan<float> row)
    {
        float max = TensorPrimitives.Max(row);
        double sum = 0;
        foreach (float value in row)
        {
            sum += MathF.Exp(value - max);
        }

        return max + Math.Log(sum);
    }
}
