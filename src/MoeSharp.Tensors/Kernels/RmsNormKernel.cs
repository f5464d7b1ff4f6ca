using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels;

/// <summary>Root-mean-square norm of rows: <c>y = x·r∘w</c>, <c>r = 1/√(mean(x²) + ε)</c>.</summary>
/// <remarks>
/// <para>Shapes: <c>x, y [rows, columns]</c>, <c>w [columns]</c> or empty for ones. Work: 4 flops and 8 bytes an element forward.</para>
/// <para>Backward: <c>dx = r·(dy∘w − x·r²·mean(dy∘w∘x))</c>, <c>dw = Σ over rows of dy∘x·r</c>; r is computed again, which costs
/// less than storing and fetching it. One pass over memory, since a row stays in the first-level cache.</para>
/// <para>Rounding: sums as in <see cref="RowSums"/>, r in double. A row's result depends on its values and the width only. Tails run on single lanes.</para>
/// <para>Source: Zhang, Sennrich 2019, arXiv:1910.07467.</para>
/// </remarks>
internal static unsafe class RmsNormKernel
{
    /// <summary>y = x·r∘w for each row.</summary>
    public static void Run(ReadOnlySpan<float> x, ReadOnlySpan<float> weight, Span<float> y, int columns, float epsilon)
    {
        switch (Simd.Width)
        {
            case 512:
                Lanes<Lanes512>(x, weight, y, columns, epsilon);
                break;
            case 256:
                Lanes<Lanes256>(x, weight, y, columns, epsilon);
                break;
            case 128:
                Lanes<Lanes128>(x, weight, y, columns, epsilon);
                break;
            default:
                Lanes<Lanes1>(x, weight, y, columns, epsilon);
                break;
        }
    }

    /// <summary>Gradients of rows: dx is overwritten or added to, dw is added to; an empty span asks for none.</summary>
    public static void Backward(
        ReadOnlySpan<float> x,
        ReadOnlySpan<float> weight,
        ReadOnlySpan<float> dy,
        Span<float> dx,
        bool accumulate,
        Span<float> dw,
        int columns,
        float epsilon)
    {
        switch (Simd.Width)
        {
            case 512:
                BackwardLanes<Lanes512>(x, weight, dy, dx, accumulate, dw, columns, epsilon);
                break;
            case 256:
                BackwardLanes<Lanes256>(x, weight, dy, dx, accumulate, dw, columns, epsilon);
                break;
            case 128:
                BackwardLanes<Lanes128>(x, weight, dy, dx, accumulate, dw, columns, epsilon);
                break;
            default:
                BackwardLanes<Lanes1>(x, weight, dy, dx, accumulate, dw, columns, epsilon);
                break;
        }
    }

    /// <summary>The definition, in double.</summary>
    internal static void Scalar(ReadOnlySpan<float> x, ReadOnlySpan<float> weight, Span<float> y, int columns, float epsilon)
    {
        for (int start = 0; start < x.Length; start += columns)
        {
            double sum = 0;
            for (int i = 0; i < columns; i++)
            {
                sum += (double)x[start + i] * x[start + i];
            }

            double scale = 1 / Math.Sqrt((sum / columns) + epsilon);
            for (int i = 0; i < columns; i++)
            {
                y[start + i] = (float)(x[start + i] * scale * (weight.IsEmpty ? 1 : weight[i]));
            }
        }
    }

    internal static void Lanes<TLanes>(ReadOnlySpan<float> x, ReadOnlySpan<float> weight, Span<float> y, int columns, float epsilon)
        where TLanes : struct, ILanes<TLanes>
    {
        fixed (float* sources = x, weights = weight, targets = y)
        {
            for (int start = 0; start < x.Length; start += columns)
            {
                float* source = sources + start, target = targets + start;
                float scale = Scale<TLanes>(source, columns, epsilon);
                int i = 0;
                for (; i + TLanes.Count <= columns; i += TLanes.Count)
                {
                    Step<TLanes>(source, weights, target, i, scale);
                }

                for (; i < columns; i++)
                {
                    Step<Lanes1>(source, weights, target, i, scale);
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
        int columns,
        float epsilon)
        where TLanes : struct, ILanes<TLanes>
    {
        fixed (float* sources = x, weights = weight, upstreams = dy, targets = dx, sums = dw)
        {
            for (int start = 0; start < x.Length; start += columns)
            {
                float* source = sources + start, upstream = upstreams + start;
                float* target = targets == null ? null : targets + start;
                float scale = Scale<TLanes>(source, columns, epsilon);
                double dot = target == null ? 0
                    : weights == null ? RowSums.Dot<TLanes>(source, upstream, columns)
                    : RowSums.Dot<TLanes>(source, upstream, weights, columns);
                float pull = (float)(dot / columns * scale * scale);
                int i = 0;
                for (; i + TLanes.Count <= columns; i += TLanes.Count)
                {
                    BackwardStep<TLanes>(source, weights, upstream, target, accumulate, sums, i, scale, pull);
                }

                for (; i < columns; i++)
                {
                    BackwardStep<Lanes1>(source, weights, upstream, target, accumulate, sums, i, scale, pull);
                }
            }
        }
    }

    private static float Scale<TLanes>(float* x, int columns, float epsilon)
        where TLanes : struct, ILanes<TLanes>
        => (float)(1 / Math.Sqrt((RowSums.Dot<TLanes>(x, x, columns) / columns) + epsilon));

    private static void Step<TLanes>(float* x, float* weight, float* y, int i, float scale)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes value = TLanes.Load(x + i) * TLanes.Broadcast(scale);
        TLanes.Store(weight == null ? value : value * TLanes.Load(weight + i), y + i);
    }

    private static void BackwardStep<TLanes>(
        float* x, float* weight, float* dy, float* dx, bool accumulate, float* dw, int i, float scale, float pull)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes value = TLanes.Load(x + i), upstream = TLanes.Load(dy + i), r = TLanes.Broadcast(scale);
        if (dw != null)
        {
            TLanes.Store(TLanes.MultiplyAdd(upstream, value * r, TLanes.Load(dw + i)), dw + i);
        }

        if (dx != null)
        {
            TLanes weighted = weight == null ? upstream : upstream * TLanes.Load(weight + i);
            TLanes old = accumulate ? TLanes.Load(dx + i) : TLanes.Zero;
            TLanes.Store(TLanes.MultiplyAdd(r, weighted - (value * TLanes.Broadcast(pull)), old), dx + i);
        }
    }
}
