using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>One step of the online softmax of one row: 64 products become weights.</summary>
internal static unsafe class OnlineSoftmaxRow
{
    /// <summary>Scales and caps the products, raises the row's largest score, and replaces the products by exp(score − largest).</summary>
    /// <param name="shape">Scale and cap.</param>
    /// <param name="row">64 products, of which those from <paramref name="computed"/> to <paramref name="computedEnd"/> exist; 64 weights afterwards.</param>
    /// <param name="computed">Multiple of 16.</param>
    /// <param name="computedEnd">Multiple of 16.</param>
    /// <param name="from">First product that counts; all outside get the weight 0.</param>
    /// <param name="to">One past the last that counts.</param>
    /// <param name="largest">Largest score so far.</param>
    /// <param name="total">Sum of weights so far.</param>
    /// <returns>What earlier weighted values must be multiplied by.</returns>
    public static float Step<TLanes>(
        in AttentionShape shape, float* row, int computed, int computedEnd, int from, int to, ref float largest, ref float total)
        where TLanes : struct, ILanes<TLanes>
    {
        SoftCapMath.Scores<TLanes>(row, computed, computedEnd, shape.Scale, shape.SoftCap);
        Mask(row, computed, from);
        Mask(row, to, computedEnd);
        float raised = Largest<TLanes>(row, computed, computedEnd, largest);

        // Where nothing was summed up there is nothing to shrink.
        float shrink = raised == largest || total == 0 ? 1f : AttentionForwardKernel.Exp(largest - raised);
        Weigh<TLanes>(row, computed, computedEnd, raised);
        new Span<float>(row, computed).Clear();
        new Span<float>(row + computedEnd, AttentionShape.Chunk - computedEnd).Clear();
        largest = raised;
        total = MathF.FusedMultiplyAdd(total, shrink, SumByHalves<TLanes>(row));
        return shrink;
    }

    private static float Largest<TLanes>(float* row, int from, int to, float largest)
        where TLanes : struct, ILanes<TLanes>
    {
        // By comparison: NaN passes by, and shows in the weights.
        TLanes top = TLanes.Broadcast(largest);
        for (int j = from; j < to; j += TLanes.Count)
        {
            TLanes score = TLanes.Load(row + j);
            top = TLanes.IfGreater(score, top, score, top);
        }

        return TLanes.Max(top);
    }

    private static void Weigh<TLanes>(float* row, int from, int to, float level)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes levels = TLanes.Broadcast(level);
        for (int j = from; j < to; j += TLanes.Count)
        {
            TLanes.Store(LaneMath.Exp(TLanes.Load(row + j) - levels), row + j);
        }
    }

    /// <summary>The sum of 64 numbers by halves, the same bits at every width.</summary>
    internal static float SumByHalves<TLanes>(float* row)
        where TLanes : struct, ILanes<TLanes>
    {
        if (TLanes.Count == 16)
        {
            return TLanes.Sum((TLanes.Load(row) + TLanes.Load(row + 32)) + (TLanes.Load(row + 16) + TLanes.Load(row + 48)));
        }

        if (TLanes.Count == 8)
        {
            TLanes even = (TLanes.Load(row) + TLanes.Load(row + 32)) + (TLanes.Load(row + 16) + TLanes.Load(row + 48));
            TLanes odd = (TLanes.Load(row + 8) + TLanes.Load(row + 40)) + (TLanes.Load(row + 24) + TLanes.Load(row + 56));
            return TLanes.Sum(even + odd);
        }

        return AttentionForwardKernel.SumByHalves(row);
    }

    /// <summary>x *= factor.</summary>
    public static void Scale<TLanes>(float* x, float factor, int count)
        where TLanes : struct, ILanes<TLanes>
    {
        int i = 0;
        for (; i + TLanes.Count <= count; i += TLanes.Count)
        {
            TLanes.Store(TLanes.Load(x + i) * TLanes.Broadcast(factor), x + i);
        }

        for (; i < count; i++)
        {
            x[i] *= factor;
        }
    }

    /// <summary>x *= factors, one by one.</summary>
    public static void Multiply<TLanes>(float* x, float* factors, int count)
        where TLanes : struct, ILanes<TLanes>
    {
        int i = 0;
        for (; i + TLanes.Count <= count; i += TLanes.Count)
        {
            TLanes.Store(TLanes.Load(x + i) * TLanes.Load(factors + i), x + i);
        }

        for (; i < count; i++)
        {
            x[i] *= factors[i];
        }
    }

    private static void Mask(float* row, int from, int to)
    {
        for (int j = from; j < to; j++)
        {
            row[j] = float.NegativeInfinity;
        }
    }
}
