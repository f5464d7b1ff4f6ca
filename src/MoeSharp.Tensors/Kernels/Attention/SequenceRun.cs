namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>One sequence of a forward pass: where its rows and keys are, and which items of the parallel region are its own.</summary>
internal struct SequenceRun
{
    public KeyValueView Source;
    public int FirstItem;
    public int Start;
    public int Length;
    public int Past;

    /// <summary>Tiles of one unit: of a head, or of a key head and position.</summary>
    public int Tiles;

    /// <summary>True where a tile is the heads of one position, not the positions of one head.</summary>
    public bool ByHeads;
}
