using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;

namespace MoeSharp.Experts.Ops;

/// <summary>Squared coefficient of variation of every row, averaged over rows: 0 when all columns are equal.</summary>
/// <remarks>
/// <para>Shapes: <c>v [S, E]</c> → scalar. Formula: <c>1/S · Σ_s var(v_s) / (mean(v_s)² + ε)</c>; the variance divides by E − 1 (unbiased) or E.</para>
/// <para>Derivative: <c>∂/∂v_e = 2(v_e − m)/(d·(m² + ε)) − 2·var·m/(E·(m² + ε)²)</c>, d = E − 1 or E. Computed in double.</para>
/// <para>Edges: one expert has no variation, 0.</para>
/// </remarks>
internal sealed class SquaredVariationOp : Operation
{
    private readonly Tensor _values;
    private readonly bool _unbiased;
    private readonly double _epsilon;

    private SquaredVariationOp(Tensor values, bool unbiased, double epsilon, Tensor output)
        : base(output)
    {
        _values = values;
        _unbiased = unbiased;
        _epsilon = epsilon;
    }

    /// <summary>Computes the value.</summary>
    public static Tensor Apply(Tensor values, bool unbiased, double epsilon)
    {
        TensorScope scope = ScopeOf("squared variation", values);
        Tensor output = scope.New(TensorShape.Scalar);
        double sum = 0;
        for (int s = 0; s < values.Rows; s++)
        {
            (double mean, double variance, _) = Moments(values.Row(s), unbiased);
            sum += variance == 0 ? 0 : variance / ((mean * mean) + epsilon);
        }

        output.Span[0] = (float)(sum / values.Rows);
        return Records(scope, values) ? Record(scope, new SquaredVariationOp(values, unbiased, epsilon, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Tensor gradient = _values.GradientFor(out bool accumulate);
        double dy = OutputGradient.Span[0] / (double)gradient.Rows;
        for (int s = 0; s < gradient.Rows; s++)
        {
            ReadOnlySpan<float> row = _values.Row(s);
            (double mean, double variance, double divisor) = Moments(row, _unbiased);
            double square = (mean * mean) + _epsilon;
            Span<float> dv = gradient.Row(s);
            for (int e = 0; e < dv.Length; e++)
            {
                double slope = variance == 0 ? 0
                    : (2 * (row[e] - mean) / (divisor * square)) - (2 * variance * mean / (row.Length * square * square));
                dv[e] = (accumulate ? dv[e] : 0) + (float)(dy * slope);
            }
        }
    }

    private static (double Mean, double Variance, double Divisor) Moments(ReadOnlySpan<float> row, bool unbiased)
    {
        double mean = 0, squares = 0, divisor = Math.Max(unbiased ? row.Length - 1 : row.Length, 1);
        foreach (float value in row)
        {
            mean += value;
        }

        mean /= row.Length;
        foreach (float value in row)
        {
            squares += (value - mean) * (value - mean);
        }

        return (mean, squares / divisor, divisor);
    }
}
