namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>Rows that attend to the keys of one head of one sequence: queries of one head, or the heads of a group at one position.</summary>
internal unsafe struct AttentionTile
{
    public KeyValueView Source;

    /// <summary>Key and value head.</summary>
    public int KeyValueHead;

    /// <summary>Keys that the sequence has.</summary>
    public int KeyCount;

    /// <summary>Rows of this tile, at most <see cref="AttentionShape.TileRows"/>.</summary>
    public int Rows;

    /// <summary>Position of row 0 in its sequence.</summary>
    public int Position;

    /// <summary>1 where rows are queries, 0 where they are heads of one query.</summary>
    public int PositionStep;

    /// <summary>First query row, and elements from one to the next.</summary>
    public float* Queries;
    public long QueryStride;

    /// <summary>Sink of row 0 or null; the next row's is <see cref="SinkStep"/> further.</summary>
    public float* Sinks;
    public int SinkStep;

    /// <summary>First output row, and elements from one to the next.</summary>
    public float* Output;
    public long OutputStride;

    /// <summary>Where to leave log Σ exp(score) of each row, or null.</summary>
    public float* LogSumExp;
    public int LogSumExpStride;
}
