using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>Each row divided by its sum.</summary>
/// <remarks>
/// <para>Shapes: <c>w [T, K]</c> → <c>[T, K]</c>. Formula: <c>y = w/n</c>, with the norm n as <see cref="RowNorm"/> names it;
/// <c>dw = (dy − n′·Σ dy∘y)/n</c>, where n′ is 1 for a sum (0 where the floor binds) and the derivative of the norm otherwise.</para>
/// </remarks>
public sealed class NormalizeRowsOp : Operation
{
    private readonly Tensor _w;
    private readonly float _epsilon;
    private readonly RowNorm _mode;

    private NormalizeRowsOp(Tensor w, float epsilon, RowNorm mode, Tensor output)
        : base(output)
    {
        _w = w;
        _epsilon = epsilon;
        _mode = mode;
    }

    /// <summary>Normalises rows.</summary>
    public static Tensor Apply(Tensor w, float epsilon = 0, RowNorm mode = RowNorm.SumPlusEpsilon)
    {
        TensorScope scope = ScopeOf("normalize rows", w);
        Tensor output = scope.New(w.Shape);
        for (int t = 0; t < w.Rows; t++)
        {
            ReadOnlySpan<float> row = w.Row(t);
            Span<float> target = output.Row(t);
            float norm = Norm(row, epsilon, mode, out _);
            for (int i = 0; i < row.Length; i++)
            {
                target[i] = row[i] / norm;
            }
        }

        return Records(scope, w) ? Record(scope, new NormalizeRowsOp(w, epsilon, mode, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Tensor gradient = _w.GradientFor(out bool accumulate);
        for (int t = 0; t < _w.Rows; t++)
        {
            ReadOnlySpan<float> row = _w.Row(t), normalized = Output.Row(t), upstream = OutputGradient.Row(t);
            Span<float> target = gradient.Row(t);
            float norm = Norm(row, _epsilon, _mode, out bool isConstant);
            float dot = isConstant ? 0 : (float)SumKernel.Dot(upstream, normalized);
            for (int i = 0; i < row.Length; i++)
            {
                float slope = _mode switch
                {
                    RowNorm.Euclidean => normalized[i],
                    RowNorm.AbsoluteSum => MathF.Sign(row[i]),
                    _ => 1,
                };
                float value = (upstream[i] - (dot * slope)) / norm;
                target[i] = accumulate ? target[i] + value : value;
            }
        }
    }

    private static float Norm(ReadOnlySpan<float> row, float epsilon, RowNorm mode, out bool isConstant)
    {
        double sum = 0;
        foreach (float value in row)
        {
            sum += mode switch
            {
                RowNorm.Euclidean => (double)value * value,
                RowNorm.AbsoluteSum => Math.Abs((double)value),
                _ => value,
            };
        }

        if (mode == RowNorm.SumAtLeastEpsilon)
        {
            isConstant = sum < epsilon;
            return (float)Math.Max(sum, epsilon);
        }

        isConstant = false;
        return (float)((mode == RowNorm.Euclidean ? Math.Sqrt(sum) : sum) + epsilon);
    }
}
