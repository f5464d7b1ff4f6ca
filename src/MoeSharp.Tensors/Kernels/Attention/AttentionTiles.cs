using System.Runtime.CompilerServices;

namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>The tiles of a forward pass, by number.</summary>
internal readonly unsafe struct AttentionTiles(
    AttentionShape shape, Tensor runs, int sequences, Tensor q, Tensor? sinks, Tensor output, Tensor? logSumExp, Tensor? states)
{
    private SequenceRun* Table => (SequenceRun*)runs.Pointer;

    /// <summary>What an item of the region has to do.</summary>
    public AttentionTile OfItem(int item)
    {
        int low = 0, high = sequences - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            (low, high) = Table[middle].FirstItem <= item ? (middle, high) : (low, middle - 1);
        }

        ref readonly SequenceRun run = ref Unsafe.AsRef<SequenceRun>(Table + low);
        (int index, int span) = Math.DivRem(item - run.FirstItem, run.ItemsOfTile);
        AttentionTile tile = Make(run, index);
        if (run.IsSplit)
        {
            tile.States = tile.StateOf(shape, run.FirstSpan + span).Largest;
            tile.FirstSpan = run.FirstSpan + span;
            tile.EndSpan = tile.FirstSpan + 1;
        }

        return tile;
    }

    /// <summary>The tile of a number over all sequences; false where its spans were no items.</summary>
    public bool TryJoin(int number, out AttentionTile tile)
    {
        int low = 0, high = sequences - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            (low, high) = Table[middle].FirstTile <= number ? (middle, high) : (low, middle - 1);
        }

        ref readonly SequenceRun run = ref Unsafe.AsRef<SequenceRun>(Table + low);
        tile = run.IsSplit ? Make(run, number - run.FirstTile) : default;
        return run.IsSplit;
    }

    private AttentionTile Make(in SequenceRun run, int index)
    {
        // The last tile sees the most keys: it goes first, so that threads end together.
        (int keyHead, int place) = Math.DivRem(index, run.Tiles);
        int group = shape.GroupSize, head = keyHead * group, first = (run.Tiles - 1 - place) * run.TileRows;
        return new AttentionTile
        {
            Source = run.Source,
            KeyValueHead = keyHead,
            KeyCount = run.Past + run.Length,
            Past = run.Past,
            FirstPair = first,
            Rows = Math.Min(run.TileRows, (run.Length * group) - first),
            Queries = q.Pointer + (run.Start * shape.QueryStride) + ((long)head * shape.HeadSize),
            Sinks = sinks is null ? null : sinks.Pointer + head,
            Output = output.Pointer + (run.Start * shape.OutputStride) + ((long)head * shape.ValueHeadSize),
            LogSumExp = logSumExp is null ? null : logSumExp.Pointer + ((long)run.Start * shape.HeadCount) + head,
            FirstSpan = run.FirstSpan,
            EndSpan = run.EndSpan,
            States = states is null || !run.IsSplit
                ? null
                : states.Pointer + run.FirstState + ((long)index * run.ItemsOfTile * SpanState.Length(shape, run.TileRows)),
        };
    }
}
