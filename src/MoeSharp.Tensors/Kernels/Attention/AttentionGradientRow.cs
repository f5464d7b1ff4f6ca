using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>What the backward pass does to single rows of scores.</summary>
internal static unsafe class AttentionGradientRow
{
    /// <summary>Products q·k become weights, products dout·v become slopes.</summary>
    public static void Weigh<TLanes>(in AttentionShape shape, float* p, float* ds, int from, int to, float logSumExp, float delta)
        where TLanes : struct, ILanes<TLanes>
    {
        SoftCapMath.Scores<TLanes>(p, from, to, shape.Scale, shape.SoftCap);
        TLanes scale = TLanes.Broadcast(shape.Scale), level = TLanes.Broadcast(logSumExp), centre = TLanes.Broadcast(delta);
        for (int j = from; j < to; j += TLanes.Count)
        {
            TLanes.Store((TLanes.Load(ds + j) - centre) * scale, ds + j);
        }

        SoftCapMath.Slopes<TLanes>(p, ds, from, to, shape.SoftCap);
        for (int j = from; j < to; j += TLanes.Count)
        {
            TLanes weight = LaneMath.Exp(TLanes.Load(p + j) - level);
            TLanes.Store(weight, p + j);
            TLanes.Store(weight * TLanes.Load(ds + j), ds + j);
        }
    }

    /// <summary>No weight and no slope from <paramref name="from"/> to <paramref name="to"/>.</summary>
    public static void Clear(float* p, float* ds, int from, int to)
    {
        if (from < to)
        {
            new Span<float>(p + from, to - from).Clear();
            new Span<float>(ds + from, to - from).Clear();
        }
    }

    /// <summary>δ = out·dout of every row and head of the task.</summary>
    public static void Deltas<TLanes>(in AttentionShape shape, in AttentionGradientTask task)
        where TLanes : struct, ILanes<TLanes>
    {
        int size = shape.ValueHeadSize;
        for (int row = 0; row < task.Length; row++)
        {
            for (int head = task.KeyValueHead * shape.GroupSize; head < (task.KeyValueHead + 1) * shape.GroupSize; head++)
            {
                float* output = AttentionGradientTask.OutputRow(shape, task.Output, row, head);
                float* gradient = AttentionGradientTask.OutputRow(shape, task.OutputGradient, row, head);
                KeyValuePackKernel.Prefetch((byte*)(output + (KeyValuePackKernel.Ahead * shape.OutputStride)), size * sizeof(float));
                KeyValuePackKernel.Prefetch((byte*)(gradient + (KeyValuePackKernel.Ahead * shape.OutputStride)), size * sizeof(float));
                TLanes sums = TLanes.Zero;
                int i = 0;
                for (; i + TLanes.Count <= size; i += TLanes.Count)
                {
                    sums = TLanes.MultiplyAdd(TLanes.Load(output + i), TLanes.Load(gradient + i), sums);
                }

                float sum = TLanes.Sum(sums);
                for (; i < size; i++)
                {
                    sum = MathF.FusedMultiplyAdd(output[i], gradient[i], sum);
                }

                task.Delta[((long)row * shape.HeadCount) + head] = sum;
            }
        }
    }
}
