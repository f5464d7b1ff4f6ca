using MoeSharp.Tensors.Quantization.Panels;

namespace MoeSharp.Tensors.Quantization;

/// <summary>One matrix <c>[N, K]</c> of a <see cref="PackedWeight"/>, which keeps its memory alive: rows as a file has them, or panels.</summary>
internal readonly unsafe struct PackedMatrix(BlockFormat format, byte* pointer, int columns, bool isPanels, BlockScales? scales = null)
{
    /// <summary>How it is stored.</summary>
    public BlockFormat Format => format;

    /// <summary>K.</summary>
    public int Columns => columns;

    /// <summary>True where 16 rows at a time are interleaved.</summary>
    public bool IsPanels => isPanels;

    /// <summary>First byte of the matrix.</summary>
    public byte* Pointer => pointer;

    private long RowBytes => format.BytesOf(columns);

    /// <summary>The panel of some rows.</summary>
    /// <param name="first">First row, a multiple of 16.</param>
    /// <param name="count">Rows there are, at most 16.</param>
    /// <param name="scratch">Where it is made when it does not exist.</param>
    public byte* Panel(long first, int count, byte* scratch)
    {
        PanelScheme scheme = format.Panels!;
        if (isPanels)
        {
            return pointer + (first / PanelScheme.Rows * scheme.PanelBytes(columns));
        }

        scheme.Pack(pointer + (first * RowBytes), Math.Min(count, PanelScheme.Rows), columns, scratch);
        return scratch;
    }

    /// <summary>Values of consecutive rows.</summary>
    public void Dequantize(long first, Span<float> values)
    {
        if (!isPanels)
        {
            format.Dequantize(new ReadOnlySpan<byte>(pointer + (first * RowBytes), checked((int)format.BytesOf(values.Length))), values);
            scales?.Multiply(first, values, columns);
            return;
        }

        PanelScheme scheme = format.Panels!;
        byte[] row = System.Buffers.ArrayPool<byte>.Shared.Rent((int)RowBytes);
        fixed (byte* target = row)
        {
            for (int done = 0; done < values.Length; done += columns, first++)
            {
                scheme.Restore(pointer + (first / PanelScheme.Rows * scheme.PanelBytes(columns)), (int)(first % PanelScheme.Rows), columns, target);
                format.Dequantize(row.AsSpan(0, (int)RowBytes), values.Slice(done, columns));
            }
        }

        System.Buffers.ArrayPool<byte>.Shared.Return(row);
    }

    /// <summary>The same matrix, whose numbers are multiplied by scales.</summary>
    public PackedMatrix With(BlockScales? own) => new(format, pointer, columns, isPanels, own);
}
