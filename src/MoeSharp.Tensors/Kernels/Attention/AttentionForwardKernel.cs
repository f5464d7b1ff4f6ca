using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>Softmax attention of one tile of rows: <c>out = Σⱼ softmax(cap(scale·q·kⱼ))·vⱼ</c> over the keys that each row sees.</summary>
/// <remarks>
/// <para>Keys come in chunks of 64 that start at multiples of 64 of the sequence. A row carries its largest score m, the sum l of
/// exp(score − m) and the weighted values; when a chunk raises m, both are multiplied by exp(m_old − m_new).
/// No more than one tile × chunk of scores exists at a time.</para>
/// <para>Order, which makes a row's bits independent of everything around it: a score is one chain of multiply-adds over the head
/// size; the sum of a chunk is taken by halves (64, 32 … 1); a value element is one chain over the keys, ascending,
/// multiplied at chunk borders. Keys outside a row's sight have the weight 0 and change nothing.</para>
/// <para>Work: 2·(d + dv) flops a pair of query and key. Source: Dao et al. 2022, arXiv:2205.14135; Milakov and Gimelshein 2018, arXiv:1805.02867.</para>
/// </remarks>
internal static unsafe class AttentionForwardKernel
{
    /// <summary>What the largest score starts from: below every score, far from overflow.</summary>
    internal const float Lowest = -1e30f;

    /// <summary>Rows whose scores are held at a time: those of the largest register tile.</summary>
    private const int Group = 6;

    /// <summary>Floats of scratch memory that a tile needs.</summary>
    public static int ScratchLength(in AttentionShape shape) =>
        (Group * AttentionShape.Chunk) + (AttentionShape.TileRows * (2 + shape.ValueHeadSize))
        + (AttentionShape.Chunk * (shape.HeadSize + shape.ValueHeadSize));

    public static void Run(in AttentionShape shape, in AttentionTile tile, float* scratch)
    {
        switch (Simd.Width)
        {
            case 512:
                Lanes<Lanes512>(shape, tile, scratch);
                break;
            case 256:
                Lanes<Lanes256>(shape, tile, scratch);
                break;
            case 128:
                Lanes<Lanes128>(shape, tile, scratch);
                break;
            default:
                Scalar(shape, tile, scratch);
                break;
        }
    }

    /// <summary>The definition, one row after the other.</summary>
    internal static void Scalar(in AttentionShape shape, in AttentionTile tile, float* scratch)
    {
        float* weights = scratch;
        float* sum = scratch + AttentionShape.Chunk;
        for (int row = 0; row < tile.Rows; row++)
        {
            int position = tile.Position + (row * tile.PositionStep);
            int first = shape.FirstKey(position), end = shape.EndKey(position, tile.KeyCount);
            float* query = tile.Queries + (row * tile.QueryStride);
            float largest = Lowest, total = 0;
            if (tile.Sinks != null)
            {
                largest = tile.Sinks[row * tile.SinkStep];
                total = 1;
            }

            new Span<float>(sum, shape.ValueHeadSize).Clear();
            for (int chunk = first / AttentionShape.Chunk; chunk * AttentionShape.Chunk < end; chunk++)
            {
                int from = Math.Max(first - (chunk * AttentionShape.Chunk), 0);
                int to = Math.Min(end - (chunk * AttentionShape.Chunk), AttentionShape.Chunk);
                float raised = largest;
                for (int j = 0; j < AttentionShape.Chunk; j++)
                {
                    weights[j] = j >= from && j < to ? Score(shape, tile, query, chunk, j) : float.NegativeInfinity;
                    raised = MathF.Max(raised, weights[j]);
                }

                float shrink = Exp(largest - raised);
                for (int j = 0; j < AttentionShape.Chunk; j++)
                {
                    weights[j] = Exp(weights[j] - raised);
                }

                largest = raised;
                total = MathF.FusedMultiplyAdd(total, shrink, SumByHalves(weights));
                byte* values = tile.Source.ValueRows(chunk, tile.KeyValueHead);
                for (int i = 0; i < shape.ValueHeadSize; i++)
                {
                    float element = sum[i] * shrink;
                    for (int j = from; j < to; j++)
                    {
                        float value = Read(values, ((long)j * tile.Source.ValueRowStride) + (i * tile.Source.ValueColumnStride), tile.Source.IsBFloat16);
                        element = MathF.FusedMultiplyAdd(weights[j], value, element);
                    }

                    sum[i] = element;
                }
            }

            Finish<Lanes1>(tile, row, largest, total, sum, shape.ValueHeadSize);
        }
    }

    /// <summary>Six rows at a time, chunk after chunk, so that a chunk of keys and values stays in the first-level cache.</summary>
    internal static void Lanes<TLanes>(in AttentionShape shape, in AttentionTile tile, float* scratch)
        where TLanes : struct, ILanes<TLanes>
    {
        const int chunkSize = AttentionShape.Chunk;
        int size = shape.HeadSize, valueSize = shape.ValueHeadSize;
        float* scores = scratch;
        float* wide = scores + (Group * chunkSize);
        float* largest = wide + (chunkSize * (size + valueSize));
        float* total = largest + AttentionShape.TileRows;
        float* sums = total + AttentionShape.TileRows;
        for (int row = 0; row < tile.Rows; row++)
        {
            largest[row] = tile.Sinks == null ? Lowest : tile.Sinks[row * tile.SinkStep];
            total[row] = tile.Sinks == null ? 0 : 1;
        }

        new Span<float>(sums, tile.Rows * valueSize).Clear();
        // The heads of one query: little work for each key, so the keys' way through memory is what counts.
        bool streams = tile.PositionStep == 0;
        long elementSize = tile.Source.IsBFloat16 ? 2 : 4;
        int lastPosition = tile.Position + ((tile.Rows - 1) * tile.PositionStep);
        int first = shape.FirstKey(tile.Position), end = shape.EndKey(lastPosition, tile.KeyCount);
        for (int chunk = first / chunkSize; chunk * chunkSize < end; chunk++)
        {
            int start = chunk * chunkSize;
            tile.Source.Chunk(chunk, tile.KeyValueHead, size, valueSize, Math.Min(end - start, chunkSize), wide, out float* panel, out float* values, out long valueStride);
            for (int row = 0; row < tile.Rows; row += Group)
            {
                int rows = Math.Min(Group, tile.Rows - row);
                int position = tile.Position + (row * tile.PositionStep), last = position + ((rows - 1) * tile.PositionStep);
                int from = Math.Max(shape.FirstKey(position) - start, 0), to = Math.Min(shape.EndKey(last, tile.KeyCount) - start, chunkSize);
                if (from >= to)
                {
                    continue;
                }

                // 1. Products of the rows with the keys that any of them sees, by sixteens.
                int computed = from & ~15, computedEnd = (to + 15) & ~15;
                var products = new TileOperands(
                    tile.Queries + (row * tile.QueryStride), tile.QueryStride, 1, panel + computed, chunkSize, scores + computed, chunkSize);
                if (row == 0 && streams && start + chunkSize < end)
                {
                    TileProductKernel.Stream<TLanes>(
                        products, rows, computedEnd - computed, size, accumulate: false, tile.Source.KeyPanel(chunk + 1, tile.KeyValueHead), chunkSize * elementSize);
                }
                else
                {
                    TileProductKernel.Run<TLanes>(products, rows, computedEnd - computed, size, accumulate: false);
                }

                // 2. Weights. A row that sees none of these keys keeps its state: its largest score stays, its weights are 0.
                for (int i = 0; i < rows; i++)
                {
                    int own = position + (i * tile.PositionStep);
                    int ownFrom = Math.Max(shape.FirstKey(own) - start, computed), ownTo = Math.Min(shape.EndKey(own, tile.KeyCount) - start, computedEnd);
                    float shrink = OnlineSoftmaxRow.Step<TLanes>(
                        shape, scores + (i * chunkSize), computed, computedEnd,
                        Math.Min(ownFrom, computedEnd), Math.Max(ownTo, computed), ref largest[row + i], ref total[row + i]);
                    if (shrink != 1f)
                    {
                        OnlineSoftmaxRow.Scale<TLanes>(sums + ((row + i) * valueSize), shrink, sums + ((row + i) * valueSize), valueSize);
                    }
                }

                // 3. Weighted values.
                var weighted = new TileOperands(
                    scores + from, chunkSize, 1, values + (from * valueStride), valueStride, sums + (row * valueSize), valueSize);
                if (row == 0 && streams && start + chunkSize < end)
                {
                    TileProductKernel.Stream<TLanes>(
                        weighted, rows, valueSize, to - from, accumulate: true, tile.Source.ValueRows(chunk + 1, tile.KeyValueHead), valueSize * elementSize);
                }
                else
                {
                    TileProductKernel.Run<TLanes>(weighted, rows, valueSize, to - from, accumulate: true);
                }
            }
        }

        for (int row = 0; row < tile.Rows; row++)
        {
            Finish<TLanes>(tile, row, largest[row], total[row], sums + (row * valueSize), valueSize);
        }
    }

    /// <summary>Divides by the sum of weights. Adding 0 turns a −0 that a product of underflowing weights may leave into +0.</summary>
    private static void Finish<TLanes>(in AttentionTile tile, int row, float largest, float total, float* sum, int valueHeadSize)
        where TLanes : struct, ILanes<TLanes>
    {
        float factor = total > 0 ? 1f / total : 0f;
        float* output = tile.Output + (row * tile.OutputStride);
        int i = 0;
        for (; i + TLanes.Count <= valueHeadSize; i += TLanes.Count)
        {
            TLanes.Store(TLanes.MultiplyAdd(TLanes.Load(sum + i), TLanes.Broadcast(factor), TLanes.Zero), output + i);
        }

        for (; i < valueHeadSize; i++)
        {
            output[i] = MathF.FusedMultiplyAdd(sum[i], factor, 0f);
        }

        if (tile.LogSumExp != null)
        {
            tile.LogSumExp[row * tile.LogSumExpStride] = largest + MathF.Log(total);
        }
    }

    /// <summary>x₀ + x₃₂, … then 32, 16, 8, 4, 2, 1: what registers of any width do as well.</summary>
    internal static float SumByHalves(float* values)
    {
        Span<float> sums = stackalloc float[AttentionShape.Chunk];
        new ReadOnlySpan<float>(values, AttentionShape.Chunk).CopyTo(sums);
        for (int half = AttentionShape.Chunk / 2; half > 0; half /= 2)
        {
            for (int i = 0; i < half; i++)
            {
                sums[i] += sums[i + half];
            }
        }

        return sums[0];
    }

    internal static float Exp(float value) => LaneMath.Exp(Lanes1.Broadcast(value)).Value;

    internal static float Read(byte* source, long index, bool isBFloat16) =>
        isBFloat16 ? BFloat16Kernel.Widen(((ushort*)source)[index]) : ((float*)source)[index];

    private static float Score(in AttentionShape shape, in AttentionTile tile, float* query, int chunk, int place)
    {
        byte* panel = tile.Source.KeyPanel(chunk, tile.KeyValueHead);
        float product = 0;
        for (int i = 0; i < shape.HeadSize; i++)
        {
            float key = Read(panel, ((long)i * AttentionShape.Chunk) + place, tile.Source.IsBFloat16);
            product = MathF.FusedMultiplyAdd(query[i], key, product);
        }

        return SoftCapMath.Cap(Lanes1.Broadcast(product * shape.Scale), shape.SoftCap).Value;
    }
}
