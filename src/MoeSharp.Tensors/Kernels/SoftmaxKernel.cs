using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels;

/// <summary>Softmax of rows, <c>y = e^(x − max)/Σ e^(x − max)</c>, and log-sum-exp, <c>max + log Σ e^(x − max)</c>.</summary>
/// <remarks>
/// <para>Shapes: <c>x [rows, columns]</c> → <c>y [rows, columns]</c>, log-sum-exp <c>[rows]</c>. In place is allowed.</para>
/// <para>Edges: −∞ gives 0; a row of nothing but −∞, or with NaN or +∞, gives NaN (log-sum-exp: −∞, NaN, NaN).</para>
/// <para>A row's result depends on its values and the width only. The tail runs on single lanes. Sums as in <see cref="RowSums"/>.</para>
/// </remarks>
internal static unsafe class SoftmaxKernel
{
    /// <summary>y = softmax of each row.</summary>
    public static void Run(ReadOnlySpan<float> x, Span<float> y, int columns)
    {
        switch (Simd.Width)
        {
            case 512:
                Lanes<Lanes512>(x, y, columns);
                break;
            case 256:
                Lanes<Lanes256>(x, y, columns);
                break;
            case 128:
                Lanes<Lanes128>(x, y, columns);
                break;
            default:
                Lanes<Lanes1>(x, y, columns);
                break;
        }
    }

    /// <summary>dx = y∘(dy − Σ dy·y) for each row, or dx += that.</summary>
    public static void Backward(ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx, int columns, bool accumulate)
    {
        switch (Simd.Width)
        {
            case 512:
                BackwardLanes<Lanes512>(y, dy, dx, columns, accumulate);
                break;
            case 256:
                BackwardLanes<Lanes256>(y, dy, dx, columns, accumulate);
                break;
            case 128:
                BackwardLanes<Lanes128>(y, dy, dx, columns, accumulate);
                break;
            default:
                BackwardLanes<Lanes1>(y, dy, dx, columns, accumulate);
                break;
        }
    }

    /// <summary>The log-sum-exp of one row, in double.</summary>
    public static double LogSumExp(ReadOnlySpan<float> x) => Simd.Width switch
    {
        512 => LogSumExpLanes<Lanes512>(x),
        256 => LogSumExpLanes<Lanes256>(x),
        128 => LogSumExpLanes<Lanes128>(x),
        _ => LogSumExpLanes<Lanes1>(x),
    };

    /// <summary>dx = dy·e^(x − L) for one row, or dx += that, with L its log-sum-exp.</summary>
    public static void LogSumExpBackward(ReadOnlySpan<float> x, float logSumExp, float dy, Span<float> dx, bool accumulate)
    {
        switch (Simd.Width)
        {
            case 512:
                LogSumExpBackwardLanes<Lanes512>(x, logSumExp, dy, dx, accumulate);
                break;
            case 256:
                LogSumExpBackwardLanes<Lanes256>(x, logSumExp, dy, dx, accumulate);
                break;
            case 128:
                LogSumExpBackwardLanes<Lanes128>(x, logSumExp, dy, dx, accumulate);
                break;
            default:
                LogSumExpBackwardLanes<Lanes1>(x, logSumExp, dy, dx, accumulate);
                break;
        }
    }

    /// <summary>The definition, in double.</summary>
    internal static void Scalar(ReadOnlySpan<float> x, Span<float> y, int columns)
    {
        for (int start = 0; start < x.Length; start += columns)
        {
            double logSumExp = LogSumExpScalar(x.Slice(start, columns));
            for (int i = start; i < start + columns; i++)
            {
                y[i] = (float)Math.Exp(x[i] - logSumExp);
            }
        }
    }

    /// <summary>The definition, in double.</summary>
    internal static double LogSumExpScalar(ReadOnlySpan<float> x)
    {
        double max = double.NegativeInfinity, sum = 0;
        foreach (float value in x)
        {
            max = Math.Max(max, value);
        }

        foreach (float value in x)
        {
            sum += Math.Exp(value - max);
        }

        return max + Math.Log(sum);
    }

    internal static void Lanes<TLanes>(ReadOnlySpan<float> x, Span<float> y, int columns)
        where TLanes : struct, ILanes<TLanes>
    {
        fixed (float* sources = x, targets = y)
        {
            for (int start = 0; start < x.Length; start += columns)
            {
                float* target = targets + start;
                float max = RowSums.Max<TLanes>(sources + start, columns);
                double sum = RowSums.ExpSum<TLanes>(sources + start, max, target, columns);
                RowSums.Scale<TLanes>(target, (float)(1 / sum), target, columns);
            }
        }
    }

    internal static void BackwardLanes<TLanes>(
        ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx, int columns, bool accumulate)
        where TLanes : struct, ILanes<TLanes>
    {
        fixed (float* values = y, upstreams = dy, targets = dx)
        {
            for (int start = 0; start < y.Length; start += columns)
            {
                float* value = values + start, upstream = upstreams + start, target = targets + start;
                float mean = (float)RowSums.Dot<TLanes>(value, upstream, columns);
                int i = 0;
                for (; i + TLanes.Count <= columns; i += TLanes.Count)
                {
                    BackwardStep<TLanes>(value + i, upstream + i, target + i, mean, accumulate);
                }

                for (; i < columns; i++)
                {
                    BackwardStep<Lanes1>(value + i, upstream + i, target + i, mean, accumulate);
                }
            }
        }
    }

    internal static double LogSumExpLanes<TLanes>(ReadOnlySpan<float> x)
        where TLanes : struct, ILanes<TLanes>
    {
        fixed (float* source = x)
        {
            float max = RowSums.Max<TLanes>(source, x.Length);
            return float.IsNegativeInfinity(max)
                ? max + RowSums.Sum<TLanes>(source, x.Length) // NaN among nothing but −∞
                : max + Math.Log(RowSums.ExpSum<TLanes>(source, max, null, x.Length));
        }
    }

    internal static void LogSumExpBackwardLanes<TLanes>(
        ReadOnlySpan<float> x, float logSumExp, float dy, Span<float> dx, bool accumulate)
        where TLanes : struct, ILanes<TLanes>
    {
        int i = 0, count = x.Length;
        fixed (float* source = x, target = dx)
        {
            for (; i + TLanes.Count <= count; i += TLanes.Count)
            {
                ExpStep<TLanes>(source + i, logSumExp, dy, target + i, accumulate);
            }

            for (; i < count; i++)
            {
                ExpStep<Lanes1>(source + i, logSumExp, dy, target + i, accumulate);
            }
        }
    }

    private static void ExpStep<TLanes>(float* x, float logSumExp, float dy, float* dx, bool accumulate)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes old = accumulate ? TLanes.Load(dx) : TLanes.Zero;
        TLanes exp = LaneMath.Exp(TLanes.Load(x) - TLanes.Broadcast(logSumExp));
        TLanes.Store(TLanes.MultiplyAdd(exp, TLanes.Broadcast(dy), old), dx);
    }

    private static void BackwardStep<TLanes>(float* y, float* dy, float* dx, float mean, bool accumulate)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes old = accumulate ? TLanes.Load(dx) : TLanes.Zero;
        TLanes.Store(TLanes.MultiplyAdd(TLanes.Load(y), TLanes.Load(dy) - TLanes.Broadcast(mean), old), dx);
    }
}
