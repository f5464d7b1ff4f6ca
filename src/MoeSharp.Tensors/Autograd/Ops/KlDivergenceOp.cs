using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>The Kullback–Leibler divergence of softmax(x) from fixed target probabilities: distillation.</summary>
/// <remarks>
/// <para>Shapes: <c>x [T, N]</c> logits, targets <c>[T, N]</c> probabilities → scalar. Formula: <c>f·Σ p·(log p − log softmax(x))</c>, p = 0 adds
/// nothing; <c>dx = f·dy·(softmax(x)·Σ p − p)</c>. Factor f: 1/T for the mean over rows, 1/(T·N) for that over elements.</para>
/// <para>Targets carry no gradient and must not change before the backward pass. Summed in double, rows in order.</para>
/// </remarks>
public sealed class KlDivergenceOp : Operation
{
    private readonly Tensor _x;
    private readonly Tensor _targets;
    private readonly float _factor;

    private KlDivergenceOp(Tensor x, Tensor targets, float factor, Tensor output)
        : base(output)
    {
        _x = x;
        _targets = targets;
        _factor = factor;
    }

    /// <summary>Computes the divergence.</summary>
    /// <param name="x">Logits.</param>
    /// <param name="targets">Probabilities.</param>
    /// <param name="factor">f; null takes 1/T.</param>
    /// <exception cref="TensorShapeException">The shapes differ.</exception>
    public static Tensor Apply(Tensor x, Tensor targets, float? factor = null)
    {
        Throw.UnlessShape("kl divergence", targets, x.Shape);
        TensorScope scope = ScopeOf("kl divergence", x);
        float scale = factor ?? (1f / Math.Max(x.Rows, 1));
        Tensor output = scope.New(TensorShape.Scalar);
        double sum = 0;
        for (int row = 0; row < x.Rows; row++)
        {
            ReadOnlySpan<float> values = x.Row(row), wanted = targets.Row(row);
            double logSumExp = SoftmaxKernel.LogSumExp(values);
            for (int i = 0; i < values.Length; i++)
            {
                sum += wanted[i] == 0 ? 0 : wanted[i] * (Math.Log(wanted[i]) - (values[i] - logSumExp));
            }
        }

        output.Span[0] = (float)(sum * scale);
        return Records(scope, x) ? Record(scope, new KlDivergenceOp(x, targets, scale, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Tensor gradient = _x.GradientFor(out bool accumulate);
        float scale = OutputGradient.Span[0] * _factor;
        for (int row = 0; row < _x.Rows; row++)
        {
            ReadOnlySpan<float> values = _x.Row(row), wanted = _targets.Row(row);
            float mass = (float)SumKernel.Sum(wanted);
            ElementKernel.Scale(wanted, -scale, gradient.Row(row), accumulate);
            SoftmaxKernel.LogSumExpBackward(
                values, (float)SoftmaxKernel.LogSumExp(values), scale * mass, gradient.Row(row), accumulate: true);
        }
    }
}
