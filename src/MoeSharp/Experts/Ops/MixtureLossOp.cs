using MoeSharp.Experts.Mixtures;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;

namespace MoeSharp.Experts.Ops;

/// <summary>Losses of a dense mixture, see <see cref="MixtureLossKind"/>; the mean over rows.</summary>
/// <remarks>
/// <para>Derivatives with respect to output o_i and probability p_i, for one row, <c>e_i = ‖d − o_i‖²</c>, <c>ō = Σ p·o</c>:
/// cooperative <c>−2·p_i·(d − ō)</c> and <c>−2·(d − ō)·o_i</c>; competitive <c>−2·p_i·(d − o_i)</c> and <c>e_i</c>; likelihood
/// <c>−h_i·(d − o_i)/σ²</c> and <c>−h_i/p_i</c>, h the posterior. Through the softmax the last becomes <c>p_i − h_i</c>.</para>
/// <para>Log-sum-exp in double.</para>
/// </remarks>
internal sealed class MixtureLossOp : Operation
{
    private readonly MixtureLossKind _kind;
    private readonly Tensor _probabilities;
    private readonly Tensor _outputs;
    private readonly Tensor _target;
    private readonly float _variance;

    private MixtureLossOp(MixtureLossKind kind, Tensor probabilities, Tensor outputs, Tensor target, float variance, Tensor output)
        : base(output)
    {
        _kind = kind;
        _probabilities = probabilities;
        _outputs = outputs;
        _target = target;
        _variance = variance;
    }

    /// <summary>Computes the loss.</summary>
    public static Tensor Apply(MixtureLossKind kind, Tensor probabilities, Tensor outputs, Tensor target, float variance)
    {
        TensorScope scope = ScopeOf("mixture loss", probabilities);
        Tensor output = scope.New(TensorShape.Scalar);
        var record = new MixtureLossOp(kind, probabilities, outputs, target, variance, output);
        double sum = 0;
        for (int t = 0; t < target.Rows; t++)
        {
            sum += record.Row(t, new double[probabilities.Columns], new double[target.Columns]);
        }

        output.Span[0] = (float)(sum / target.Rows);
        return Records(scope, probabilities, outputs) ? Record(scope, record) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Tensor? dp = _probabilities.NeedsGradient ? _probabilities.GradientFor(out bool addP) : Skip(out addP);
        Tensor? dO = _outputs.NeedsGradient ? _outputs.GradientFor(out bool addO) : Skip(out addO);
        int experts = _probabilities.Columns;
        double scale = OutputGradient.Span[0] / (double)_target.Rows;
        var share = new double[experts]; // posterior, or squared errors
        var rest = new double[_target.Columns]; // d − ō
        for (int t = 0; t < _target.Rows; t++)
        {
            Row(t, share, rest);
            ReadOnlySpan<float> target = _target.Row(t);
            for (int e = 0; e < experts; e++)
            {
                double p = _probabilities.Row(t)[e], slope = 0;
                ReadOnlySpan<float> o = _outputs.Row((t * experts) + e);
                double weight = _kind switch
                {
                    MixtureLossKind.NegativeLogLikelihood => share[e] / _variance,
                    _ => 2 * p,
                };
                for (int d = 0; d < target.Length; d++)
                {
                    double error = _kind == MixtureLossKind.Cooperative ? rest[d] : target[d] - o[d];
                    slope += _kind == MixtureLossKind.Cooperative ? -2 * rest[d] * o[d] : 0;
                    if (dO is not null)
                    {
                        Span<float> row = dO.Row((t * experts) + e);
                        row[d] = (addO ? row[d] : 0) - (float)(scale * weight * error);
                    }
                }

                if (dp is not null)
                {
                    slope = _kind switch
                    {
                        MixtureLossKind.Cooperative => slope,
                        MixtureLossKind.Competitive => share[e],
                        _ => p > 0 ? -share[e] / p : 0,
                    };
                    Span<float> row = dp.Row(t);
                    row[e] = (addP ? row[e] : 0) + (float)(scale * slope);
                }
            }
        }
    }

    private static Tensor? Skip(out bool accumulate)
    {
        accumulate = false;
        return null;
    }

    /// <summary>The loss of one row; fills squared errors or posteriors, and the rest d − ō.</summary>
    private double Row(int t, double[] share, double[] rest)
    {
        ReadOnlySpan<float> p = _probabilities.Row(t), target = _target.Row(t);
        for (int d = 0; d < rest.Length; d++)
        {
            rest[d] = target[d];
        }

        double competitive = 0, max = double.NegativeInfinity;
        for (int e = 0; e < share.Length; e++)
        {
            ReadOnlySpan<float> o = _outputs.Row((t * share.Length) + e);
            double square = 0;
            for (int d = 0; d < rest.Length; d++)
            {
                square += ((double)target[d] - o[d]) * ((double)target[d] - o[d]);
                rest[d] -= (double)p[e] * o[d];
            }

            competitive += p[e] * square;
            share[e] = _kind == MixtureLossKind.NegativeLogLikelihood ? Math.Log(p[e]) - (square / (2 * _variance)) : square;
            max = Math.Max(max, share[e]);
        }

        if (_kind != MixtureLossKind.NegativeLogLikelihood)
        {
            return _kind == MixtureLossKind.Competitive ? competitive : rest.Sum(r => r * r);
        }

        double sum = share.Sum(s => Math.Exp(s - max)), log = max + Math.Log(sum);
        for (int e = 0; e < share.Length; e++)
        {
            share[e] = Math.Exp(share[e] - log);
        }

        return -log;
    }
}
