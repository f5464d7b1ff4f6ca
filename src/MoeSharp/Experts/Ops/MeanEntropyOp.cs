using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;

namespace MoeSharp.Experts.Ops;

/// <summary>How far the entropy of the mean of distributions stays below a target: <c>max(−∞ or 0, τ − H(q))</c>, q the mean.</summary>
/// <remarks>
/// <para>Shapes: <c>sums [1, E]</c> of n distributions → scalar. Formula: <c>τ − H(sums/n)</c>, not below 0 when <c>floor</c> is set.</para>
/// <para>Derivative: <c>(log q_e + 1)/n</c>, 0 where the floor holds.</para>
/// </remarks>
internal sealed class MeanEntropyOp : Operation
{
    private readonly Tensor _sums;
    private readonly float _rows;
    private readonly bool _floored;

    private MeanEntropyOp(Tensor sums, float rows, bool floored, Tensor output)
        : base(output)
    {
        _sums = sums;
        _rows = rows;
        _floored = floored;
    }

    /// <summary>Computes the value.</summary>
    public static Tensor Apply(Tensor sums, float rows, double target, bool floor)
    {
        TensorScope scope = ScopeOf("mean entropy", sums);
        double value = target;
        foreach (float sum in sums.Span)
        {
            double q = sum / (double)rows;
            value += q > 0 ? q * Math.Log(q) : 0;
        }

        bool floored = floor && value <= 0;
        Tensor output = scope.New(TensorShape.Scalar);
        output.Span[0] = floored ? 0 : (float)value;
        return Records(scope, sums) ? Record(scope, new MeanEntropyOp(sums, rows, floored, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Span<float> gradient = _sums.GradientFor(out bool accumulate).Span;
        double dy = OutputGradient.Span[0] / (double)_rows;
        for (int e = 0; e < gradient.Length; e++)
        {
            double q = _sums.Span[e] / (double)_rows;
            float d = _floored || q <= 0 ? 0 : (float)(dy * (Math.Log(q) + 1));
            gradient[e] = (accumulate ? gradient[e] : 0) + d;
        }
    }
}
