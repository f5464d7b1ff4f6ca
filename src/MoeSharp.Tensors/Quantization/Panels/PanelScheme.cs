namespace MoeSharp.Tensors.Quantization.Panels;

/// <summary>What a block format does in panels, without its type: packing and products.</summary>
internal abstract unsafe class PanelScheme
{
    private const int MostSumBytes = 8 * 4 * 2 * PanelTile.Stride; // whole sums of 8 blocks, 4 tokens, 2 registers

    /// <summary>Rows of a panel.</summary>
    public const int Rows = 16;

    /// <summary>Elements of a row of activations that share a scale.</summary>
    public abstract int BlockLength { get; }

    /// <summary>Which kernel body multiplies on this machine: <c>AVX-512</c>, <c>AVX2</c>, <c>portable</c> or <c>scalar</c>.</summary>
    public static string KernelName => PanelWidth.Chosen switch
    {
        512 => "AVX-512BW",
        256 => "AVX2",
        128 => "portable 128",
        _ => "scalar",
    };

    /// <summary>Bytes of a panel of rows of <paramref name="columns"/>: codes of all blocks, then scales of all blocks.</summary>
    public abstract long PanelBytes(int columns);

    /// <summary>Puts up to 16 rows into a panel; those that are missing are zeros.</summary>
    /// <param name="rows">The rows as a file has them, one after another.</param>
    /// <param name="count">How many.</param>
    /// <param name="columns">K.</param>
    /// <param name="panel">Filled completely.</param>
    public abstract void Pack(byte* rows, int count, int columns, byte* panel);

    /// <summary>A row of a panel as a file has it.</summary>
    public abstract void Restore(byte* panel, int row, int columns, byte* target);

    /// <summary>Two panels (or one) times rows of activations.</summary>
    /// <param name="first">A panel.</param>
    /// <param name="second">The next; null where there is none.</param>
    /// <param name="next">The pair of panels that comes after them, for memory to bring meanwhile; null for none.</param>
    /// <param name="x">Activations.</param>
    /// <param name="row">First row of them.</param>
    /// <param name="count">Rows.</param>
    /// <param name="columns">K.</param>
    /// <param name="scratch"><see cref="ScratchFloats"/> floats.</param>
    /// <param name="sums">The results of each row, <see cref="PanelWidth.SumRows"/> floats apart.</param>
    public abstract void Multiply(
        byte* first, byte* second, byte* next, in RowCodes x, long row, int count, int columns, float* scratch, float* sums);

    /// <summary>Floats of scratch memory that <see cref="Multiply"/> needs.</summary>
    public static int ScratchFloats => ((2 * PanelTile.Bytes) + MostSumBytes) / sizeof(float);
}
