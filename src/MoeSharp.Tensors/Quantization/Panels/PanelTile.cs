namespace MoeSharp.Tensors.Quantization.Panels;

/// <summary>256 columns of a panel, expanded: what the kernels read, small enough for the nearest cache.</summary>
/// <remarks>Everything lies 16 rows side by side, 64 bytes a register's worth: codes of 64 steps, then scales and offsets.</remarks>
internal readonly unsafe struct PanelTile(byte* memory)
{
    /// <summary>Columns of a tile.</summary>
    public const int Columns = 256;

    /// <summary>Bytes of the 16 rows of one step, scale or offset.</summary>
    public const int Stride = 64;

    /// <summary>Bytes of a tile.</summary>
    public const int Bytes = (64 + MostRuns + MostPairs + 2) * Stride;

    private const int MostRuns = 16;
    private const int MostPairs = 8;

    /// <summary>Codes, a byte each.</summary>
    public byte* Codes => memory;

    /// <summary>Whole multiples of the scale, a run each: 16 bits twice, or 32 bits where codes are signed. Floats, a block each, for blocks of 32.</summary>
    public byte* Scales => memory + (64 * Stride);

    /// <summary>Whole multiples of the offset, of two groups 16 bits each. Floats, a block each, for blocks of 32.</summary>
    public byte* Offsets => memory + ((64 + MostRuns) * Stride);

    /// <summary>The scale that multiples refer to, a float.</summary>
    public byte* Scale => memory + ((64 + MostRuns + MostPairs) * Stride);

    /// <summary>The offset that multiples refer to, a float.</summary>
    public byte* Offset => memory + ((64 + MostRuns + MostPairs + 1) * Stride);

    /// <summary>The same tile from another row on.</summary>
    public PanelTile From(int row) => new(memory + (row * sizeof(float)));
}
