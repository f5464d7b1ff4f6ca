using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>Gradients of attention for one key and value head of one sequence; weights are computed again from the saved log-sum-exp.</summary>
/// <remarks>
/// <para>With <c>p = exp(s − lse)</c>, <c>dp = dout·v</c>, <c>δ = out·dout</c>: <c>dv += p·dout</c>; <c>ds = p·(dp − δ)</c>, times
/// <c>scale·(1 − (s/cap)²)</c> gives the gradient of q·k; <c>dq += ds·k</c>, <c>dk += ds·q</c>.</para>
/// <para>Order: a gradient of a query is one chain of multiply-adds over keys, ascending; of a key or value one chain over heads of
/// the group, then queries, ascending. One task touches rows of one key head and of its query heads only, so tasks run side by side.</para>
/// <para>Work: 6·d + 4·dv flops a pair. Source: Dao et al. 2022, arXiv:2205.14135, appendix B.</para>
/// </remarks>
internal static unsafe class AttentionBackwardKernel
{
    /// <summary>Rows that are treated together: those of the largest register tile.</summary>
    private const int Group = 6;

    /// <summary>Floats of scratch memory that a task needs.</summary>
    public static int ScratchLength(in AttentionShape shape) =>
        AttentionShape.Chunk * (shape.HeadSize + shape.ValueHeadSize + (2 * AttentionShape.TileRows));

    public static void Run(in AttentionShape shape, in AttentionGradientTask task, float* scratch)
    {
        switch (Simd.Width)
        {
            case 512:
                Lanes<Lanes512>(shape, task, scratch);
                break;
            case 256:
                Lanes<Lanes256>(shape, task, scratch);
                break;
            case 128:
                Lanes<Lanes128>(shape, task, scratch);
                break;
            default:
                Scalar(shape, task);
                break;
        }
    }

    /// <summary>The definition, one pair of query and key after the other.</summary>
    internal static void Scalar(in AttentionShape shape, in AttentionGradientTask task)
    {
        int size = shape.HeadSize, valueSize = shape.ValueHeadSize;
        for (int h = 0; h < shape.GroupSize; h++)
        {
            int head = (task.KeyValueHead * shape.GroupSize) + h;
            for (int i = 0; i < task.Length; i++)
            {
                float* query = AttentionGradientTask.QueryRow(shape, task.Queries, i, head);
                float* output = AttentionGradientTask.OutputRow(shape, task.Output, i, head);
                float* gradient = AttentionGradientTask.OutputRow(shape, task.OutputGradient, i, head);
                float delta = Dot(output, gradient, valueSize);
                float logSumExp = task.LogSumExp[(i * shape.HeadCount) + head];
                task.Delta[(i * shape.HeadCount) + head] = delta;
                for (int j = shape.FirstKey(i); j < shape.EndKey(i, task.Length); j++)
                {
                    float* key = task.KeyRow(shape, task.Keys, j);
                    float* value = task.ValueRow(shape, task.Values, j);
                    float score = SoftCapMath.Cap(Lanes1.Broadcast(Dot(query, key, size) * shape.Scale), shape.SoftCap).Value;
                    float weight = AttentionForwardKernel.Exp(score - logSumExp);
                    float slope = weight * (Dot(gradient, value, valueSize) - delta) * shape.Scale;
                    if (shape.SoftCap != 0)
                    {
                        float ratio = score / shape.SoftCap;
                        slope *= MathF.FusedMultiplyAdd(-ratio, ratio, 1f);
                    }

                    if (task.ValueGradient != null)
                    {
                        MultiplyAdd(weight, gradient, task.ValueRow(shape, task.ValueGradient, j), valueSize);
                    }

                    if (task.QueryGradient != null)
                    {
                        MultiplyAdd(slope, key, AttentionGradientTask.QueryRow(shape, task.QueryGradient, i, head), size);
                    }

                    if (task.KeyGradient != null)
                    {
                        MultiplyAdd(slope, query, task.KeyRow(shape, task.KeyGradient, j), size);
                    }
                }
            }
        }
    }

    /// <summary>Chunks of 64 keys; for each, the heads of the group and tiles of 64 queries that see it.</summary>
    internal static void Lanes<TLanes>(in AttentionShape shape, in AttentionGradientTask task, float* scratch)
        where TLanes : struct, ILanes<TLanes>
    {
        const int chunkSize = AttentionShape.Chunk;
        int size = shape.HeadSize, valueSize = shape.ValueHeadSize;
        float* keyPanel = scratch;
        float* valuePanel = keyPanel + (chunkSize * size);
        float* weights = valuePanel + (chunkSize * valueSize);
        float* slopes = weights + (chunkSize * AttentionShape.TileRows);
        AttentionGradientRow.Deltas<TLanes>(shape, task);
        for (int start = 0; start < task.Length; start += chunkSize)
        {
            int keys = Math.Min(chunkSize, task.Length - start);
            KeyValuePackKernel.Panel(task.KeyRow(shape, task.Keys, start), shape.KeyStride, keys, size, keyPanel);
            KeyValuePackKernel.Panel(task.ValueRow(shape, task.Values, start), shape.ValueStride, keys, valueSize, valuePanel);
            int firstQuery = shape.FirstQuery(start), endQuery = shape.EndQuery(start + keys, task.Length);
            for (int head = task.KeyValueHead * shape.GroupSize; head < (task.KeyValueHead + 1) * shape.GroupSize; head++)
            {
                for (int query = firstQuery; query < endQuery; query += AttentionShape.TileRows)
                {
                    int rows = Math.Min(AttentionShape.TileRows, endQuery - query);
                    Rows<TLanes>(shape, task, head, query, rows, start, keys, keyPanel, valuePanel, weights, slopes);
                    Columns<TLanes>(shape, task, head, query, rows, start, keys, weights, slopes);
                }
            }
        }
    }

    /// <summary>Weights and slopes of a tile of queries and a chunk of keys, and the tile's share in the gradient of the queries.</summary>
    private static void Rows<TLanes>(
        in AttentionShape shape, in AttentionGradientTask task, int head, int query, int rows, int start, int keys,
        float* keyPanel, float* valuePanel, float* weights, float* slopes)
        where TLanes : struct, ILanes<TLanes>
    {
        const int chunkSize = AttentionShape.Chunk;
        int size = shape.HeadSize, valueSize = shape.ValueHeadSize;
        long queryStride = shape.QueryStride, outputStride = shape.OutputStride;
        for (int row = 0; row < rows; row += Group)
        {
            int group = Math.Min(Group, rows - row), first = query + row;
            int from = Math.Max(shape.FirstKey(first) - start, 0), to = Math.Min(shape.EndKey(first + group - 1, task.Length) - start, keys);
            int computed = from & ~15, computedEnd = (to + 15) & ~15;
            float* p = weights + (row * chunkSize);
            float* ds = slopes + (row * chunkSize);
            if (from < to)
            {
                TileProductKernel.Run<TLanes>(
                    new TileOperands(AttentionGradientTask.QueryRow(shape, task.Queries, first, head), queryStride, 1, keyPanel + computed, chunkSize, p + computed, chunkSize),
                    group, computedEnd - computed, size, accumulate: false);
                TileProductKernel.Run<TLanes>(
                    new TileOperands(AttentionGradientTask.OutputRow(shape, task.OutputGradient, first, head), outputStride, 1, valuePanel + computed, chunkSize, ds + computed, chunkSize),
                    group, computedEnd - computed, valueSize, accumulate: false);
            }
            else
            {
                computed = computedEnd = 0;
            }

            for (int i = 0; i < group; i++, p += chunkSize, ds += chunkSize)
            {
                long place = ((long)(first + i) * shape.HeadCount) + head;
                AttentionGradientRow.Weigh<TLanes>(shape, p, ds, computed, computedEnd, task.LogSumExp[place], task.Delta[place]);
                int ownFrom = Math.Max(shape.FirstKey(first + i) - start, 0), ownTo = Math.Min(shape.EndKey(first + i, task.Length) - start, keys);
                AttentionGradientRow.Clear(p, ds, 0, Math.Clamp(ownFrom, 0, chunkSize));
                AttentionGradientRow.Clear(p, ds, Math.Clamp(ownTo, 0, chunkSize), chunkSize);
            }

            if (from < to && task.QueryGradient != null)
            {
                TileProductKernel.Run<TLanes>(
                    new TileOperands(
                        slopes + (row * chunkSize) + from, chunkSize, 1, task.KeyRow(shape, task.Keys, start + from), shape.KeyStride,
                        AttentionGradientTask.QueryRow(shape, task.QueryGradient, first, head), queryStride),
                    group, size, to - from, accumulate: true);
            }
        }
    }

    /// <summary>The tile's share in the gradients of keys and values.</summary>
    private static void Columns<TLanes>(
        in AttentionShape shape, in AttentionGradientTask task, int head, int query, int rows, int start, int keys, float* weights, float* slopes)
        where TLanes : struct, ILanes<TLanes>
    {
        const int chunkSize = AttentionShape.Chunk;
        for (int key = 0; key < keys; key += Group)
        {
            int group = Math.Min(Group, keys - key);
            int from = Math.Max(shape.FirstQuery(start + key) - query, 0), to = Math.Min(shape.EndQuery(start + key + group, task.Length) - query, rows);
            if (from >= to)
            {
                continue;
            }

            if (task.ValueGradient != null)
            {
                TileProductKernel.Run<TLanes>(
                    new TileOperands(
                        weights + (from * chunkSize) + key, 1, chunkSize, AttentionGradientTask.OutputRow(shape, task.OutputGradient, query + from, head), shape.OutputStride,
                        task.ValueRow(shape, task.ValueGradient, start + key), shape.ValueStride),
                    group, shape.ValueHeadSize, to - from, accumulate: true);
            }

            if (task.KeyGradient != null)
            {
                TileProductKernel.Run<TLanes>(
                    new TileOperands(
                        slopes + (from * chunkSize) + key, 1, chunkSize, AttentionGradientTask.QueryRow(shape, task.Queries, query + from, head), shape.QueryStride,
                        task.KeyRow(shape, task.KeyGradient, start + key), shape.KeyStride),
                    group, shape.HeadSize, to - from, accumulate: true);
            }
        }
    }

    private static float Dot(float* a, float* b, int count)
    {
        float sum = 0;
        for (int i = 0; i < count; i++)
        {
            sum = MathF.FusedMultiplyAdd(a[i], b[i], sum);
        }

        return sum;
    }

    private static void MultiplyAdd(float factor, float* source, float* target, int count)
    {
        for (int i = 0; i < count; i++)
        {
            target[i] = MathF.FusedMultiplyAdd(factor, source[i], target[i]);
        }
    }
}
