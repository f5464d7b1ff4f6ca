namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>Cuts the forward pass of many sequences into items for the threads.</summary>
/// <remarks>
/// <para>A tile is 64 pairs of query and head that share a key head. Where there are so few tiles that a thread would stand idle (one token of
/// one sequence), the spans of keys of a tile become items of their own, and then tiles become smaller.</para>
/// <para>The cut may depend on the count of threads, since no bit of the result depends on the cut.</para>
/// </remarks>
internal unsafe ref struct AttentionPlan
{
    private readonly AttentionShape _shape;
    private readonly SequenceLayout _layout;
    private readonly int _threads;
    private readonly long _share;

    public AttentionPlan(in AttentionShape shape, SequenceLayout layout, int threads)
    {
        _shape = shape;
        _layout = layout;
        _threads = threads;
        long work = 0;
        for (int s = 0; s < layout.SequenceCount; s++)
        {
            work += (long)Keys(s) * Pairs(s);
        }

        _share = work * shape.KeyValueHeadCount / threads;
    }

    /// <summary>Items of all sequences so far.</summary>
    public int Items { get; private set; }

    /// <summary>Tiles of all sequences so far.</summary>
    public int Tiles { get; private set; }

    /// <summary>Floats for states of all sequences so far; 0 where no sequence is split.</summary>
    public long States { get; private set; }

    /// <summary>Cuts the next sequence; the source of keys is left to the caller.</summary>
    public SequenceRun Cut(int sequence)
    {
        int length = _layout.LengthOf(sequence), past = _layout.PastOf(sequence), keys = Keys(sequence);
        long pairs = Pairs(sequence);
        var run = new SequenceRun
        {
            FirstItem = Items,
            FirstTile = Tiles,
            Start = _layout.StartOf(sequence),
            Length = length,
            Past = past,
            TileRows = (int)Math.Min(pairs, AttentionShape.TileRows),
            FirstSpan = _shape.FirstKey(past) / AttentionShape.Span,
            EndSpan = (_shape.EndKey(past + length - 1, past + length) + AttentionShape.Span - 1) / AttentionShape.Span,
            FirstState = States,
        };
        if (_threads > 1 && length > 0)
        {
            // Two items a thread at least, so that one slow thread does not hold up all; one where that takes smaller tiles.
            long work = (long)keys * run.TileRows;
            run.IsSplit = 2 * work > _share && run.EndSpan - run.FirstSpan > 1;
            work = run.IsSplit ? (long)Math.Min(keys, AttentionShape.Span) * run.TileRows : work;
            const int fewest = 8; // rows: fewer would not fill the registers of a product
            for (; work > _share && run.TileRows >= 2 * fewest; work /= 2)
            {
                run.TileRows /= 2;
            }
        }

        run.Tiles = length == 0 ? 0 : checked((int)((pairs + run.TileRows - 1) / run.TileRows));
        int tiles = run.Tiles * _shape.KeyValueHeadCount;
        Items += tiles * run.ItemsOfTile;
        Tiles += tiles;
        States += run.IsSplit ? tiles * run.ItemsOfTile * (long)SpanState.Length(_shape, run.TileRows) : 0;
        return run;
    }

    /// <summary>Keys that the last row of a sequence sees.</summary>
    private readonly int Keys(int sequence)
    {
        int length = _layout.LengthOf(sequence), count = _layout.KeyCountOf(sequence);
        return length == 0 ? 0 : _shape.EndKey(count - 1, count) - _shape.FirstKey(count - 1);
    }

    private readonly long Pairs(int sequence) => (long)_layout.LengthOf(sequence) * _shape.GroupSize;
}
