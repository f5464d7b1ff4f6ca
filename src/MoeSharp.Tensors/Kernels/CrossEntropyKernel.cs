using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels;

/// <summary>Cross-entropy of rows of logits with one target each, and its gradient in place of the logits.</summary>
/// <remarks>
/// <para>Shapes: <c>x [rows, columns]</c>, targets <c>[rows]</c>; a negative target is ignored. With L the row's log-sum-exp,
/// s the label smoothing and z the weight of the z-loss:
/// <c>loss = (1 − s)·(L − x[target]) + s·(L − mean(x)) + z·L²</c>,
/// <c>dx = softmax(x)·(1 + 2·z·L) − s/V − (1 − s)·[target]</c>. Work: one exponential an element, 8 bytes an element with gradient.</para>
/// <para>Rounding: L and the loss in double, sums as in <see cref="RowSums"/>. A row's result depends on its values and the width only.</para>
/// <para>Source of smoothing over all classes: PyTorch's cross_entropy.</para>
/// </remarks>
internal static unsafe class CrossEntropyKernel
{
    /// <summary>The loss of one row without smoothing and z-loss, in nats.</summary>
    public static double Nats(ReadOnlySpan<float> x, int target) => SoftmaxKernel.LogSumExp(x) - x[target];

    /// <summary>The loss of one row.</summary>
    public static double Loss(ReadOnlySpan<float> x, int target, float smoothing, float zWeight)
    {
        double logSumExp = SoftmaxKernel.LogSumExp(x);
        double loss = logSumExp - ((1 - (double)smoothing) * x[target]) + (zWeight * logSumExp * logSumExp);
        return smoothing == 0 ? loss : loss - (smoothing * Sum(x) / x.Length);
    }

    /// <summary>The loss of one row; the row becomes its gradient times <paramref name="scale"/>.</summary>
    public static double LossAndGradient(Span<float> x, int target, float smoothing, float zWeight, float scale) => Simd.Width switch
    {
        512 => Lanes<Lanes512>(x, target, smoothing, zWeight, scale),
        256 => Lanes<Lanes256>(x, target, smoothing, zWeight, scale),
        128 => Lanes<Lanes128>(x, target, smoothing, zWeight, scale),
        _ => Lanes<Lanes1>(x, target, smoothing, zWeight, scale),
    };

    /// <summary>The definition, in double.</summary>
    internal static double Scalar(Span<float> x, int target, float smoothing, float zWeight, float scale)
    {
        double logSumExp = SoftmaxKernel.LogSumExpScalar(x), sum = 0;
        foreach (float value in x)
        {
            sum += value;
        }

        double loss = logSumExp - ((1 - (double)smoothing) * x[target]) - (smoothing * sum / x.Length) + (zWeight * logSumExp * logSumExp);
        for (int i = 0; i < x.Length; i++)
        {
            double gradient = (Math.Exp(x[i] - logSumExp) * (1 + (2 * zWeight * logSumExp)))
                - (smoothing / (double)x.Length) - (i == target ? 1 - (double)smoothing : 0);
            x[i] = (float)(gradient * scale);
        }

        return loss;
    }

    internal static double Lanes<TLanes>(Span<float> x, int target, float smoothing, float zWeight, float scale)
        where TLanes : struct, ILanes<TLanes>
    {
        int columns = x.Length;
        fixed (float* row = x)
        {
            float max = RowSums.Max<TLanes>(row, columns), targetLogit = row[target];
            double mean = smoothing == 0 ? 0 : RowSums.Sum<TLanes>(row, columns) / columns;
            double sum = RowSums.ExpSum<TLanes>(row, max, row, columns);
            double logSumExp = max + Math.Log(sum);
            float factor = (float)(scale * (1 + (2 * zWeight * logSumExp)) / sum);
            if (smoothing == 0)
            {
                RowSums.Scale<TLanes>(row, factor, row, columns);
            }
            else
            {
                ScaleAndShift<TLanes>(row, factor, -scale * smoothing / columns, columns);
            }

            row[target] -= scale * (1 - smoothing);
            return logSumExp - ((1 - (double)smoothing) * targetLogit) - (smoothing * mean) + (zWeight * logSumExp * logSumExp);
        }
    }

    private static void ScaleAndShift<TLanes>(float* x, float factor, float shift, int count)
        where TLanes : struct, ILanes<TLanes>
    {
        int i = 0;
        for (; i + TLanes.Count <= count; i += TLanes.Count)
        {
            TLanes.Store(TLanes.MultiplyAdd(TLanes.Load(x + i), TLanes.Broadcast(factor), TLanes.Broadcast(shift)), x + i);
        }

        for (; i < count; i++)
        {
            x[i] = MathF.FusedMultiplyAdd(x[i], factor, shift);
        }
    }

    private static double Sum(ReadOnlySpan<float> x)
    {
        fixed (float* row = x)
        {
            return Simd.Width switch
            {
                512 => RowSums.Sum<Lanes512>(row, x.Length),
                256 => RowSums.Sum<Lanes256>(row, x.Length),
                128 => RowSums.Sum<Lanes128>(row, x.Length),
                _ => RowSums.Sum<Lanes1>(row, x.Length),
            };
        }
    }
}
