namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>One sequence of a forward pass: where its rows and keys are, and which items of the parallel region are its own.</summary>
/// <remarks>Items: head after head, tile after tile; where the keys of a tile are shared among threads, span after span.</remarks>
internal struct SequenceRun
{
    public KeyValueView Source;
    public int FirstItem;

    /// <summary>First tile, counted over all sequences.</summary>
    public int FirstTile;

    public int Start;
    public int Length;
    public int Past;

    /// <summary>Tiles of one key head.</summary>
    public int Tiles;

    /// <summary>Rows of a tile, of the last at most.</summary>
    public int TileRows;

    /// <summary>First span that any row sees.</summary>
    public int FirstSpan;

    /// <summary>One past the last span that any row sees.</summary>
    public int EndSpan;

    /// <summary>True where every span of a tile is an item, and the states are joined afterwards.</summary>
    public bool IsSplit;

    /// <summary>Where the states of a split sequence begin.</summary>
    public long FirstState;

    /// <summary>Items of one tile.</summary>
    public readonly int ItemsOfTile => IsSplit ? EndSpan - FirstSpan : 1;
}
