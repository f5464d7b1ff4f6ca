using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;

namespace MoeSharp.Experts.Ops;

/// <summary>Mean entropy of the softmax of chosen rows, in nats.</summary>
/// <remarks>
/// <para>Shapes: <c>h [T, E]</c>, <c>counts [T]</c> (nonzero rows count) → scalar. Formula: <c>1/n · Σ_t H(softmax(h_t))</c>.</para>
/// <para>Derivative: <c>∂H/∂h_j = −p_j·(log p_j + H)</c>. Computed in double.</para>
/// </remarks>
internal sealed class RowEntropyOp : Operation
{
    private readonly Tensor _logits;
    private readonly Indices _counts;
    private readonly int _rows;

    private RowEntropyOp(Tensor logits, Indices counts, int rows, Tensor output)
        : base(output)
    {
        _logits = logits;
        _counts = counts;
        _rows = rows;
    }

    /// <summary>Computes the mean; 0 when no row counts.</summary>
    public static Tensor Apply(Tensor logits, Indices counts)
    {
        TensorScope scope = ScopeOf("router entropy", logits);
        double sum = 0;
        int rows = 0;
        Span<double> logs = new double[logits.Columns];
        for (int t = 0; t < logits.Rows; t++)
        {
            if (counts[t] != 0)
            {
                sum += Entropy(logits.Row(t), logs);
                rows++;
            }
        }

        Tensor output = scope.New(TensorShape.Scalar);
        output.Span[0] = (float)(sum / Math.Max(rows, 1));
        return Records(scope, logits) ? Record(scope, new RowEntropyOp(logits, counts, Math.Max(rows, 1), output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Tensor gradient = _logits.GradientFor(out bool accumulate);
        double dy = OutputGradient.Span[0] / (double)_rows;
        Span<double> logs = new double[gradient.Columns];
        for (int t = 0; t < gradient.Rows; t++)
        {
            double entropy = _counts[t] != 0 ? Entropy(_logits.Row(t), logs) : 0;
            Span<float> dh = gradient.Row(t);
            for (int e = 0; e < dh.Length; e++)
            {
                double slope = _counts[t] != 0 ? -Math.Exp(logs[e]) * (logs[e] + entropy) : 0;
                dh[e] = (accumulate ? dh[e] : 0) + (float)(dy * slope);
            }
        }
    }

    /// <summary>Entropy of one row; writes log p.</summary>
    private static double Entropy(ReadOnlySpan<float> row, Span<double> logs)
    {
        double max = double.NegativeInfinity, sum = 0, entropy = 0;
        foreach (float value in row)
        {
            max = Math.Max(max, value);
        }

        foreach (float value in row)
        {
            sum += Math.Exp(value - max);
        }

        double lse = max + Math.Log(sum);
        for (int e = 0; e < row.Length; e++)
        {
            logs[e] = row[e] - lse;
            entropy -= Math.Exp(logs[e]) * logs[e];
        }

        return entropy;
    }
}
