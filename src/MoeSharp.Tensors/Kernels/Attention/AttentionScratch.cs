namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>The memory of a tile, in parts. Only what a tile uses is touched, so a small tile stays in a near cache.</summary>
internal readonly unsafe struct AttentionScratch
{
    public AttentionScratch(in AttentionShape shape, int rows, float* memory)
    {
        Scores = memory;
        Turned = Scores + (AttentionShape.TileRows * AttentionShape.Chunk);
        Span = new SpanState(Turned + (AttentionShape.TileRows * AttentionShape.Chunk), rows);
        float* known = Turned + (AttentionShape.TileRows * AttentionShape.Chunk) + SpanState.Length(shape, AttentionShape.TileRows);
        Known = new SpanState(known, rows);
        Queries = known + SpanState.Length(shape, AttentionShape.TileRows);
        Wide = Queries + (AttentionShape.TileRows * shape.HeadSize);
    }

    /// <summary>Products of queries and keys, then weights <c>[rows, 64]</c>.</summary>
    public readonly float* Scores;

    /// <summary>Weights <c>[64, rows]</c>.</summary>
    public readonly float* Turned;

    /// <summary>What rows know of the span at hand.</summary>
    public readonly SpanState Span;

    /// <summary>What they know of the spans before.</summary>
    public readonly SpanState Known;

    /// <summary>Queries side by side <c>[rows, d]</c>.</summary>
    public readonly float* Queries;

    /// <summary>Widened keys and values of a chunk; or, where values are a part of the keys, widened keys <c>[d, 64]</c> and turned sums <c>[dv, rows]</c>.</summary>
    public readonly float* Wide;

    /// <summary>Floats that a tile needs.</summary>
    public static int Length(in AttentionShape shape) =>
        (AttentionShape.TileRows * ((2 * AttentionShape.Chunk) + shape.HeadSize)) + (2 * SpanState.Length(shape, AttentionShape.TileRows))
        + (AttentionShape.Chunk * (shape.HeadSize + shape.ValueHeadSize));
}
