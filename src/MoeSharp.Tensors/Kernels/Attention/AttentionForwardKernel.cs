using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>Softmax attention of one tile of rows: <c>out = Σⱼ softmax(cap(scale·q·kⱼ))·vⱼ</c> over the keys that each row sees.</summary>
/// <remarks>
/// <para>Keys come in chunks of 64 that start at multiples of 64 of the sequence, chunks in spans of 512. In a span a row carries its
/// largest score m, the sum l of exp(score − m) and the weighted values; when a chunk raises m, both are multiplied by
/// exp(m_old − m_new). Spans start anew, and are joined afterwards (<see cref="SpanMergeKernel"/>). No more than one tile × chunk of
/// scores exists at a time.</para>
/// <para>Order, which makes a row's bits independent of everything around it: a score is one chain of multiply-adds over the head
/// size; the sum of a chunk is taken by halves (64, 32 … 1); a value element is one chain over the keys of a span, ascending,
/// multiplied at chunk borders; spans are joined ascending. Keys outside a row's sight have the weight 0 and change nothing.</para>
/// <para>Work: 2·(d + dv) flops a pair of query and key. Source: Dao et al. 2022, arXiv:2205.14135; Milakov and Gimelshein 2018, arXiv:1805.02867.</para>
/// </remarks>
internal static unsafe class AttentionForwardKernel
{
    /// <summary>What the largest score starts from: below every score, far from overflow.</summary>
    internal const float Lowest = -1e30f;

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
        var memory = new AttentionScratch(shape, tile.Rows, scratch);
        SpanMergeKernel.Start(shape, tile, memory.Known);
        for (int span = tile.FirstSpan; span < tile.EndSpan; span++)
        {
            SpanState state = tile.States == null ? memory.Span : tile.StateOf(shape, span);
            state.Clear(shape, tile.Rows);
            for (int row = 0; row < tile.Rows; row++)
            {
                int position = tile.Position(shape, row);
                int first = Math.Max(shape.FirstKey(position), span * AttentionShape.Span);
                int end = Math.Min(shape.EndKey(position, tile.KeyCount), (span + 1) * AttentionShape.Span);
                for (int chunk = first / AttentionShape.Chunk; chunk * AttentionShape.Chunk < end; chunk++)
                {
                    ScalarChunk(shape, tile, state, row, chunk, first, end, memory.Scores);
                }

                if (tile.States == null)
                {
                    SpanMergeKernel.Join<Lanes1>(memory.Known, state, row, shape.ValueHeadSize);
                }
            }
        }

        for (int row = 0; row < tile.Rows && tile.States == null; row++)
        {
            SpanMergeKernel.Finish<Lanes1>(shape, tile, memory.Known, row);
        }
    }

    /// <summary>Spans of chunks, so that a chunk of keys and values is fetched once for all rows.</summary>
    internal static void Lanes<TLanes>(in AttentionShape shape, in AttentionTile tile, float* scratch)
        where TLanes : struct, ILanes<TLanes>
    {
        var memory = new AttentionScratch(shape, tile.Rows, scratch);
        float* queries = AttentionChunkKernel.Queries(shape, tile, memory.Queries);
        int first = shape.FirstKey(tile.Position(shape, 0)), end = shape.EndKey(tile.Position(shape, tile.Rows - 1), tile.KeyCount);
        int firstSpan = Math.Max(first / AttentionShape.Span, tile.FirstSpan);
        int endSpan = Math.Min((end + AttentionShape.Span - 1) / AttentionShape.Span, tile.EndSpan);

        // A single span without sinks is joined to nothing: the same bits without the work.
        bool isAlone = tile.States == null && tile.Sinks == null && endSpan - firstSpan == 1;
        SpanState known = isAlone ? memory.Span : memory.Known;
        if (tile.States == null && !isAlone)
        {
            SpanMergeKernel.Start(shape, tile, known);
        }

        for (int span = tile.States == null ? firstSpan : tile.FirstSpan; span < (tile.States == null ? endSpan : tile.EndSpan); span++)
        {
            SpanState state = tile.States == null ? memory.Span : tile.StateOf(shape, span);
            state.Clear(shape, tile.Rows);
            int from = Math.Max(first, span * AttentionShape.Span), to = Math.Min(end, (span + 1) * AttentionShape.Span);
            if (from < to)
            {
                new AttentionChunkKernel(shape, tile, memory, state, queries).Run<TLanes>(from, to);
            }

            for (int row = 0; row < tile.Rows && tile.States == null && !isAlone; row++)
            {
                SpanMergeKernel.Join<TLanes>(known, state, row, shape.ValueHeadSize);
            }
        }

        for (int row = 0; row < tile.Rows && tile.States == null; row++)
        {
            SpanMergeKernel.Finish<TLanes>(shape, tile, known, row);
        }
    }

    /// <summary>One row and the keys from <paramref name="first"/> to <paramref name="end"/> that lie in a chunk.</summary>
    private static void ScalarChunk(
        in AttentionShape shape, in AttentionTile tile, SpanState state, int row, int chunk, int first, int end, float* weights)
    {
        int from = Math.Max(first - (chunk * AttentionShape.Chunk), 0), to = Math.Min(end - (chunk * AttentionShape.Chunk), AttentionShape.Chunk);
        byte* panel = tile.Source.KeyPanel(chunk, tile.KeyValueHead), values = tile.Source.ValuesOf(chunk, tile.KeyValueHead);
        float* query = tile.Query(shape, row), sum = state.Sums + ((long)row * shape.ValueHeadSize);
        float largest = state.Largest[row];
        for (int j = 0; j < AttentionShape.Chunk; j++)
        {
            weights[j] = j >= from && j < to ? Score(shape, tile.Source, query, panel, j) : float.NegativeInfinity;
            largest = weights[j] > largest ? weights[j] : largest;
        }

        float shrink = Exp(state.Largest[row] - largest);
        for (int j = 0; j < AttentionShape.Chunk; j++)
        {
            weights[j] = Exp(weights[j] - largest);
        }

        state.Largest[row] = largest;
        state.Total[row] = MathF.FusedMultiplyAdd(state.Total[row], shrink, SumByHalves(weights));
        for (int i = 0; i < shape.ValueHeadSize; i++)
        {
            float element = sum[i] * shrink;
            for (int j = from; j < to; j++)
            {
                element = MathF.FusedMultiplyAdd(weights[j], tile.Source.Value(values, j, i), element);
            }

            sum[i] = element;
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

    private static float Score(in AttentionShape shape, in KeyValueView source, float* query, byte* panel, int place)
    {
        float product = 0;
        for (int i = 0; i < shape.HeadSize; i++)
        {
            product = MathF.FusedMultiplyAdd(query[i], source.Key(panel, place, i), product);
        }

        return SoftCapMath.Cap(Lanes1.Broadcast(product * shape.Scale), shape.SoftCap).Value;
    }
}
