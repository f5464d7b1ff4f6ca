using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>Adds the keys of one span, chunk after chunk, to what the rows of a tile know: scores, weights, weighted values.</summary>
/// <remarks>
/// <para>Few rows (the heads of one query) do little work for each key, so the keys' way through memory counts: panels and strips of values go
/// by in blocks of 8 KiB, widened on the way where they are stored narrow. One to three rows read at the speed of memory, in order, which
/// the processor foresees. With more rows the work takes as long as the reading, and to have both at once memory is asked for one line at
/// a time between the multiply-adds: while keys are used the values of the chunk, while values are used the keys of the next chunk.</para>
/// <para>Where values are a part of the keys (latent attention) the panel is not turned into value rows; the weights are turned instead, which
/// is a tenth of the work, and the rows take the place of the columns: <c>sumᵀ [dv, rows] += panel [dv, 64]·weightsᵀ [64, rows]</c>. The
/// chains of multiply-adds stay the same.</para>
/// </remarks>
internal readonly unsafe struct AttentionChunkKernel(
    AttentionShape shape, AttentionTile tile, AttentionScratch memory, SpanState state, float* queries)
{
    /// <summary>Rows that are treated together where they see different keys: those of the largest register tile.</summary>
    private const int Group = 6;

    /// <summary>The most rows for which memory is the limit.</summary>
    private const int FewRows = 16;

    /// <summary>The most rows that go one by one.</summary>
    private const int VeryFewRows = 3;

    /// <summary>Bytes from what is read to what is asked for, where all of it is one panel after the other.</summary>
    private const int StreamAhead = 8192;

    private const int ChunkSize = AttentionShape.Chunk;

    private float* TurnedSums => memory.Wide + ((long)ChunkSize * shape.HeadSize);

    /// <summary>The queries of a tile, one after the other: in place where they lie so.</summary>
    public static float* Queries(in AttentionShape shape, in AttentionTile tile, float* room)
    {
        if (tile.FirstPair / shape.GroupSize == (tile.FirstPair + tile.Rows - 1) / shape.GroupSize)
        {
            return tile.Query(shape, 0);
        }

        for (int row = 0; row < tile.Rows; row++)
        {
            new ReadOnlySpan<float>(tile.Query(shape, row), shape.HeadSize).CopyTo(new Span<float>(room + ((long)row * shape.HeadSize), shape.HeadSize));
        }

        return room;
    }

    /// <summary>Adds the keys from <paramref name="first"/> to <paramref name="end"/>, those that any row sees of the span.</summary>
    public void Run<TLanes>(int first, int end)
        where TLanes : struct, ILanes<TLanes>
    {
        bool turns = tile.Source.ValuesAreKeys;
        if (turns)
        {
            new Span<float>(TurnedSums, tile.Rows * shape.ValueHeadSize).Clear();
        }

        int position = tile.Position(shape, 0), last = tile.Position(shape, tile.Rows - 1);
        for (int chunk = first / ChunkSize; chunk * ChunkSize < end; chunk++)
        {
            int start = chunk * ChunkSize, from = Math.Max(first - start, 0), to = Math.Min(end - start, ChunkSize);
            byte* panel = tile.Source.KeyPanel(chunk, tile.KeyValueHead), values = tile.Source.ValuesOf(chunk, tile.KeyValueHead);
            bool isLast = start + ChunkSize >= end;
            byte* next = !isLast ? tile.Source.KeyPanel(chunk + 1, tile.KeyValueHead) : null;
            bool isSame = position == last || (shape.FirstKey(last) <= start && shape.EndKey(position, tile.KeyCount) >= start + ChunkSize);
            if (isSame)
            {
                Score<TLanes>(panel, Ahead(panel, values), from & ~15, (to + 15) & ~15);
                Weigh<TLanes>(start, 0, tile.Rows, from & ~15, (to + 15) & ~15);
                if (!turns)
                {
                    Add<TLanes>(values, Ahead(values, next), from, to);
                }
            }
            else
            {
                Groups<TLanes>(panel, values, start, to);
            }

            if (turns)
            {
                AddTurned<TLanes>(panel, from, to);
            }
        }

        if (turns)
        {
            TurnKernel.Run(TurnedSums, tile.Rows, state.Sums, tile.Rows, shape.ValueHeadSize);
        }
    }

    /// <summary>Products of all rows with the keys from <paramref name="computed"/> to <paramref name="computedEnd"/>.</summary>
    private void Score<TLanes>(byte* panel, long ahead, int computed, int computedEnd)
        where TLanes : struct, ILanes<TLanes>
    {
        int size = shape.HeadSize, block = tile.Rows <= FewRows ? KeyValueBlockKernel.PanelRows : size;
        bool keeps = tile.Source.ValuesAreKeys; // the widened keys are needed once more
        for (int k = 0; k < size; k += block)
        {
            int steps = Math.Min(block, size - k);
            float* keys = KeyValueBlockKernel.Keys(tile.Source, panel, k, steps, memory.Wide + (keeps ? (long)k * ChunkSize : 0), ahead);
            Multiply<TLanes>(
                new TileOperands(
                    queries + k, size, 1, keys + computed, ChunkSize, memory.Scores + computed, ChunkSize, tile.Source.Type == DType.F32 ? ahead : 0),
                computedEnd - computed, steps, accumulate: k > 0);
        }
    }

    /// <summary>Weighted values of all rows, strip after strip.</summary>
    private void Add<TLanes>(byte* values, long ahead, int from, int to)
        where TLanes : struct, ILanes<TLanes>
    {
        int size = shape.ValueHeadSize, block = tile.Rows <= FewRows ? KeyValueBlockKernel.ValueRows : ChunkSize;
        for (int column = 0; column < size; column += KeyValueView.Strip)
        {
            int width = Math.Min(KeyValueView.Strip, size - column);
            for (int j = from; j < to; j += block)
            {
                int steps = Math.Min(block, to - j);
                float* rows = KeyValueBlockKernel.Values(tile.Source, values, column, j, steps, memory.Wide, ahead, out long stride);
                Multiply<TLanes>(
                    new TileOperands(
                        memory.Scores + j, ChunkSize, 1, rows, stride, state.Sums + column, size, tile.Source.Type == DType.F32 ? ahead : 0),
                    width, steps, accumulate: true);
            }
        }
    }

    /// <summary>A product of all rows. Very few of them go one by one: the first then reads memory in order, as the processor expects, and the
    /// others find the block in the first-level cache.</summary>
    private void Multiply<TLanes>(in TileOperands operands, int columns, int depth, bool accumulate)
        where TLanes : struct, ILanes<TLanes>
    {
        if (tile.Rows > VeryFewRows || TLanes.Count == 16)
        {
            TileProductKernel.Run<TLanes>(operands, tile.Rows, columns, depth, accumulate);
            return;
        }

        for (int row = 0; row < tile.Rows; row++)
        {
            TileProductKernel.Run<TLanes>(operands.FromRow(row), 1, columns, depth, accumulate);
        }
    }

    /// <summary>How far ahead memory is asked for while <paramref name="at"/> is read.</summary>
    private long Ahead(byte* at, byte* next) => tile.Rows is <= VeryFewRows or > FewRows ? 0
        : tile.Source.ValuesAreKeys ? StreamAhead
        : next == null ? 0 : next - at;

    /// <summary>Rows that see different keys of the chunk, six at a time.</summary>
    private void Groups<TLanes>(byte* panel, byte* values, int start, int end)
        where TLanes : struct, ILanes<TLanes>
    {
        int size = shape.HeadSize, valueSize = shape.ValueHeadSize;
        bool turns = tile.Source.ValuesAreKeys;
        float* keys = KeyValueBlockKernel.Keys(tile.Source, panel, 0, size, memory.Wide, 0), wide = memory.Wide + ((long)ChunkSize * size);
        for (int column = 0; column < valueSize && !turns && tile.Source.Type != DType.F32; column += KeyValueView.Strip)
        {
            KeyValueBlockKernel.Values(tile.Source, values, column, 0, end, wide + ((long)column * ChunkSize), 0, out _);
        }

        for (int row = 0; row < tile.Rows; row += Group)
        {
            int rows = Math.Min(Group, tile.Rows - row);
            int from = Math.Max(shape.FirstKey(tile.Position(shape, row)) - start, 0);
            int to = Math.Min(shape.EndKey(tile.Position(shape, row + rows - 1), tile.KeyCount) - start, ChunkSize);
            if (from >= to)
            {
                new Span<float>(memory.Scores + (row * ChunkSize), rows * ChunkSize).Clear(); // weights of 0
                continue;
            }

            int computed = from & ~15, computedEnd = (to + 15) & ~15;
            TileProductKernel.Run<TLanes>(
                new TileOperands(queries + ((long)row * size), size, 1, keys + computed, ChunkSize, memory.Scores + (row * ChunkSize) + computed, ChunkSize),
                rows, computedEnd - computed, size, accumulate: false);
            Weigh<TLanes>(start, row, rows, computed, computedEnd);
            for (int column = 0; column < valueSize && !turns; column += KeyValueView.Strip)
            {
                float* strip = (float*)tile.Source.ValueStrip(values, column, out int width, out int stride);
                strip = tile.Source.Type == DType.F32 ? strip : wide + ((long)column * ChunkSize);
                TileProductKernel.Run<TLanes>(
                    new TileOperands(
                        memory.Scores + (row * ChunkSize) + from, ChunkSize, 1, strip + ((long)from * stride), stride,
                        state.Sums + ((long)row * valueSize) + column, valueSize),
                    rows, width, to - from, accumulate: true);
            }
        }
    }

    /// <summary>Products become weights; what a row has summed up shrinks where its largest score has grown. A row that sees none of these keys
    /// keeps its state: its largest score stays, its weights are 0.</summary>
    private void Weigh<TLanes>(int start, int row, int rows, int computed, int computedEnd)
        where TLanes : struct, ILanes<TLanes>
    {
        float* shrinks = stackalloc float[AttentionShape.TileRows];
        bool anyShrinks = false;
        for (int i = row; i < row + rows; i++)
        {
            int position = tile.Position(shape, i);
            int from = Math.Max(shape.FirstKey(position) - start, computed), to = Math.Min(shape.EndKey(position, tile.KeyCount) - start, computedEnd);
            float shrink = OnlineSoftmaxRow.Step<TLanes>(
                shape, memory.Scores + (i * ChunkSize), computed, computedEnd, Math.Min(from, computedEnd), Math.Max(to, computed),
                ref state.Largest[i], ref state.Total[i]);
            shrinks[i - row] = shrink;
            anyShrinks |= shrink != 1f;
        }

        if (!anyShrinks)
        {
            return;
        }

        if (tile.Source.ValuesAreKeys)
        {
            for (int i = 0; i < shape.ValueHeadSize; i++)
            {
                OnlineSoftmaxRow.Multiply<TLanes>(TurnedSums + ((long)i * tile.Rows) + row, shrinks, rows);
            }

            return;
        }

        for (int i = 0; i < rows; i++)
        {
            if (shrinks[i] != 1f)
            {
                OnlineSoftmaxRow.Scale<TLanes>(state.Sums + ((long)(row + i) * shape.ValueHeadSize), shrinks[i], shape.ValueHeadSize);
            }
        }
    }

    /// <summary>Weighted values that are the first columns of the keys.</summary>
    private void AddTurned<TLanes>(byte* panel, int from, int to)
        where TLanes : struct, ILanes<TLanes>
    {
        float* keys = tile.Source.Type == DType.F32 ? (float*)panel : memory.Wide;
        TurnKernel.Run(memory.Scores, ChunkSize, memory.Turned, ChunkSize, tile.Rows);
        TileProductKernel.Run<TLanes>(
            new TileOperands(keys + from, ChunkSize, 1, memory.Turned + ((long)from * tile.Rows), tile.Rows, TurnedSums, tile.Rows),
            shape.ValueHeadSize, tile.Rows, to - from, accumulate: true);
    }
}
