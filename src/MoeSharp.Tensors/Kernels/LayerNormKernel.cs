using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels;

/// <summary>Layer norm of rows: <c>y = h∘w + b</c>, <c>h = (x − mean)·r</c>, <c>r = 1/√(variance + ε)</c>, variance over n.</summary>
/// <remarks>
/// <para>Shapes: <c>x, y [rows, columns]</c>, <c>w, b [columns]</c> or empty for ones and zeros. Bytes: 8 an element forward.</para>
/// <para>Backward: <c>dx = r·(dy∘w − mean(dy∘w) − h·mean(dy∘w∘h))</c>, <c>dw = Σ over rows of dy∘h</c>, <c>db = Σ over rows of dy</c>.</para>
/// <para>Rounding: mean first, then squares of differences (no cancellation); sums as in <see cref="RowSums"/>. A row's result
/// depends on its values and the width only. Tails run on single lanes.</para>
/// <para>Source: Ba, Kiros, Hinton 2016, arXiv:1607.06450.</para>
/// </remarks>
internal static unsafe class LayerNormKernel
{
    /// <summary>y = h∘w + b for each row.</summary>
    public static void Run(
        ReadOnlySpan<float> x, ReadOnlySpan<float> weight, ReadOnlySpan<float> bias, Span<float> y, int columns, float epsilon)
    {
        switch (Simd.Width)
        {
            case 512:
                Lanes<Lanes512>(x, weight, bias, y, columns, epsilon);
                break;
            case 256:
                Lanes<Lanes256>(x, weight, bias, y, columns, epsilon);
                break;
            case 128:
                Lanes<Lanes128>(x, weight, bias, y, columns, epsilon);
                break;
            default:
                Lanes<Lanes1>(x, weight, bias, y, columns, epsilon);
                break;
        }
    }

    /// <summary>Gradients of rows: dx is overwritten or added to, dw and db are added to; an empty span asks for none.</summary>
    public static void Backward(
        ReadOnlySpan<float> x,
        ReadOnlySpan<float> weight,
        ReadOnlySpan<float> dy,
        Span<float> dx,
        bool accumulate,
        Span<float> dw,
        Span<float> db,
        int columns,
        float epsilon)
    {
        switch (Simd.Width)
        {
            case 512:
                BackwardLanes<Lanes512>(x, weight, dy, dx, accumulate, dw, db, columns, epsilon);
                break;
            case 256:
                BackwardLanes<Lanes256>(x, weight, dy, dx, accumulate, dw, db, columns, epsilon);
                break;
            case 128:
                BackwardLanes<Lanes128>(x, weight, dy, dx, accumulate, dw, db, columns, epsilon);
                break;
            default:
                BackwardLanes<Lanes1>(x, weight, dy, dx, accumulate, dw, db, columns, epsilon);
                break;
        }
    }

    /// <summary>The definition, in double.</summary>
    internal static void Scalar(
        ReadOnlySpan<float> x, ReadOnlySpan<float> weight, ReadOnlySpan<float> bias, Span<float> y, int columns, float epsilon)
    {
        for (int start = 0; start < x.Length; start += columns)
        {
            double sum = 0, squares = 0;
            for (int i = 0; i < columns; i++)
            {
                sum += x[start + i];
            }

            double mean = sum / columns;
            for (int i = 0; i < columns; i++)
            {
                squares += (x[start + i] - mean) * (x[start + i] - mean);
            }

            double scale = 1 / Math.Sqrt((squares / columns) + epsilon);
            for (int i = 0; i < columns; i++)
            {
                y[start + i] = (float)(((x[start + i] - mean) * scale * (weight.IsEmpty ? 1 : weight[i])) + (bias.IsEmpty ? 0 : bias[i]));
            }
        }
    }

    internal static void Lanes<TLanes>(
        ReadOnlySpan<float> x, ReadOnlySpan<float> weight, ReadOnlySpan<float> bias, Span<float> y, int columns, float epsilon)
        where TLanes : struct, ILanes<TLanes>
    {
        fixed (float* sources = x, weights = weight, biases = bias, targets = y)
        {
            for (int start = 0; start < x.Length; start += columns)
            {
                float* source = sources + start, target = targets + start;
                float scale = Scale<TLanes>(source, columns, epsilon, out float mean);
                int i = 0;
                for (; i + TLanes.Count <= columns; i += TLanes.Count)
                {
                    Step<TLanes>(source, weights, biases, target, i, mean, scale);
                }

                for (; i < columns; i++)
                {
                    Step<Lanes1>(source, weights, biases, target, i, mean, scale);
                }
            }
        }
    }

    internal static void BackwardLanes<TLanes>(
        ReadOnlySpan<float> x,
        ReadOnlySpan<float> weight,
        ReadOnlySpan<float> dy,
        Span<float> dx,
        bool accumulate,
        Span<float> dw,
        Span<float> db,
        int columns,
        float epsilon)
        where TLanes : struct, ILanes<TLanes>
    {
        fixed (float* sources = x, weights = weight, upstreams = dy, targets = dx, weightSums = dw, biasSums = db)
        {
            for (int start = 0; start < x.Length; start += columns)
            {
                float* source = sources + start, upstream = upstreams + start;
                float* target = targets == null ? null : targets + start;
                float scale = Scale<TLanes>(source, columns, epsilon, out float mean);

                double sum = weights == null ? RowSums.Sum<TLanes>(upstream, columns) : RowSums.Dot<TLanes>(upstream, weights, columns);
                double dot = CenteredDot<TLanes>(source, upstream, weights, columns, mean);
                float shift = (float)(sum / columns), pull = (float)(dot / columns * scale);
                int i = 0;
                for (; i + TLanes.Count <= columns; i += TLanes.Count)
                {
                    BackwardStep<TLanes>(source, weights, upstream, target, accumulate, weightSums, biasSums, i, mean, scale, shift, pull);
                }

                for (; i < columns; i++)
                {
                    BackwardStep<Lanes1>(source, weights, upstream, target, accumulate, weightSums, biasSums, i, mean, scale, shift, pull);
                }
            }
        }
    }

    private static float Scale<TLanes>(float* x, int columns, float epsilon, out float mean)
        where TLanes : struct, ILanes<TLanes>
    {
        mean = (float)(RowSums.Sum<TLanes>(x, columns) / columns);
        return (float)(1 / Math.Sqrt((CenteredDot<TLanes>(x, null, null, columns, mean) / columns) + epsilon));
    }

    /// <summary>Σ (x − mean)·dy·w; without dy, Σ (x − mean)²; without w, w = 1.</summary>
    private static double CenteredDot<TLanes>(float* x, float* dy, float* weight, int columns, float mean)
        where TLanes : struct, ILanes<TLanes>
    {
        const int block = 512;
        double total = 0;
        for (int start = 0; start < columns; start += block)
        {
            int end = Math.Min(start + block, columns), i = start;
            TLanes sum0 = TLanes.Zero, sum1 = TLanes.Zero;
            for (; i + (2 * TLanes.Count) <= end; i += 2 * TLanes.Count)
            {
                sum0 = CenteredStep(x, dy, weight, i, mean, sum0);
                sum1 = CenteredStep(x, dy, weight, i + TLanes.Count, mean, sum1);
            }

            for (; i + TLanes.Count <= end; i += TLanes.Count)
            {
                sum0 = CenteredStep(x, dy, weight, i, mean, sum0);
            }

            Lanes1 tail = Lanes1.Zero;
            for (; i < end; i++)
            {
                tail = CenteredStep(x, dy, weight, i, mean, tail);
            }

            total += TLanes.Sum(sum0 + sum1) + tail.Value;
        }

        return total;
    }

    private static TLanes CenteredStep<TLanes>(float* x, float* dy, float* weight, int i, float mean, TLanes sum)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes centered = TLanes.Load(x + i) - TLanes.Broadcast(mean);
        TLanes factor = dy == null ? centered : weight == null ? TLanes.Load(dy + i) : TLanes.Load(dy + i) * TLanes.Load(weight + i);
        return TLanes.MultiplyAdd(centered, factor, sum);
    }

    private static void Step<TLanes>(float* x, float* weight, float* bias, float* y, int i, float mean, float scale)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes value = (TLanes.Load(x + i) - TLanes.Broadcast(mean)) * TLanes.Broadcast(scale);
        value = weight == null ? value : value * TLanes.Load(weight + i);
        TLanes.Store(bias == null ? value : value + TLanes.Load(bias + i), y + i);
    }

    private static void BackwardStep<TLanes>(
        float* x,
        float* weight,
        float* dy,
        float* dx,
        bool accumulate,
        float* dw,
        float* db,
        int i,
        float mean,
        float scale,
        float shift,
        float pull)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes normal = (TLanes.Load(x + i) - TLanes.Broadcast(mean)) * TLanes.Broadcast(scale), upstream = TLanes.Load(dy + i);
        if (dw != null)
        {
            TLanes.Store(TLanes.MultiplyAdd(upstream, normal, TLanes.Load(dw + i)), dw + i);
        }

        if (db != null)
        {
            TLanes.Store(upstream + TLanes.Load(db + i), db + i);
        }

        if (dx != null)
        {
            TLanes weighted = weight == null ? upstream : upstream * TLanes.Load(weight + i);
            TLanes inner = weighted - TLanes.Broadcast(shift) - (normal * TLanes.Broadcast(pull));
            TLanes old = accumulate ? TLanes.Load(dx + i) : TLanes.Zero;
            TLanes.Store(TLanes.MultiplyAdd(TLanes.Broadcast(scale), inner, old), dx + i);
        }
    }
}
