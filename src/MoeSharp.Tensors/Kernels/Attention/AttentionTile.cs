namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>Rows that attend to the keys of one head of one sequence: pairs of a query and a head that shares the key head.</summary>
/// <remarks>
/// <para>The pairs of a sequence and key head are counted query by query, in a query head by head: pair r is query
/// <c>r / group</c> and head <c>r % group</c> of the group. A tile is at most <see cref="AttentionShape.TileRows"/> pairs that follow
/// one another, so a chunk of keys is fetched once for all heads that look at it.</para>
/// </remarks>
internal unsafe struct AttentionTile
{
    public KeyValueView Source;

    /// <summary>Key and value head.</summary>
    public int KeyValueHead;

    /// <summary>Keys that the sequence has.</summary>
    public int KeyCount;

    /// <summary>Position of the first query of the sequence in this call.</summary>
    public int Past;

    /// <summary>Pair of row 0.</summary>
    public int FirstPair;

    /// <summary>Rows of this tile, at most <see cref="AttentionShape.TileRows"/>.</summary>
    public int Rows;

    /// <summary>First query of the sequence, first head of the group; rows are those of <c>q [T, H·d]</c>.</summary>
    public float* Queries;

    /// <summary>Sinks of the group, or null.</summary>
    public float* Sinks;

    /// <summary>Where the first query's first head goes; rows are those of the output <c>[T, H·dv]</c>.</summary>
    public float* Output;

    /// <summary>Where to leave log Σ exp(score) of the first query's first head <c>[T, H]</c>, or null.</summary>
    public float* LogSumExp;

    /// <summary>Spans of keys to look at; those that no row sees are passed over.</summary>
    public int FirstSpan;

    /// <summary>One past the last of them.</summary>
    public int EndSpan;

    /// <summary>Where to leave the state of each span, for <see cref="SpanMergeKernel"/> to join; null to join them and write the output.</summary>
    public float* States;

    /// <summary>Position of the query of a row.</summary>
    public readonly int Position(in AttentionShape shape, int row) => Past + ((FirstPair + row) / shape.GroupSize);

    /// <summary>The query of a row.</summary>
    public readonly float* Query(in AttentionShape shape, int row)
    {
        (int query, int head) = Math.DivRem(FirstPair + row, shape.GroupSize);
        return Queries + (query * shape.QueryStride) + ((long)head * shape.HeadSize);
    }

    /// <summary>The output of a row.</summary>
    public readonly float* OutputRow(in AttentionShape shape, int row)
    {
        (int query, int head) = Math.DivRem(FirstPair + row, shape.GroupSize);
        return Output + (query * shape.OutputStride) + ((long)head * shape.ValueHeadSize);
    }

    /// <summary>Place of a row's log Σ exp(score).</summary>
    public readonly float* LogSumExpOf(in AttentionShape shape, int row)
    {
        (int query, int head) = Math.DivRem(FirstPair + row, shape.GroupSize);
        return LogSumExp + ((long)query * shape.HeadCount) + head;
    }

    /// <summary>Where the state of a span is left.</summary>
    public readonly SpanState StateOf(in AttentionShape shape, int span) =>
        new(States + ((long)(span - FirstSpan) * SpanState.Length(shape, Rows)), Rows);

    /// <summary>The sink of a row.</summary>
    public readonly float Sink(in AttentionShape shape, int row) => Sinks[(FirstPair + row) % shape.GroupSize];
}
