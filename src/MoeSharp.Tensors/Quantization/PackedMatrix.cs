namespace MoeSharp.Tensors.Quantization;

/// <summary>One matrix <c>[N, K]</c> of a <see cref="PackedWeight"/>, which keeps its memory alive.</summary>
internal readonly unsafe struct PackedMatrix(BlockFormat format, byte* pointer, long rowBytes, int columns, BlockScales? scales = null)
{
    /// <summary>How it is stored.</summary>
    public BlockFormat Format => format;

    /// <summary>K.</summary>
    public int Columns => columns;

    /// <summary>First byte of the matrix.</summary>
    public byte* Pointer => pointer;

    /// <summary>Bytes of a row.</summary>
    public ReadOnlySpan<byte> Row(long row) => new(pointer + (row * rowBytes), (int)rowBytes);

    /// <summary>Values of consecutive rows.</summary>
    public void Dequantize(long first, Span<float> values)
    {
        format.Dequantize(new ReadOnlySpan<byte>(pointer + (first * rowBytes), checked((int)format.BytesOf(values.Length))), values);
        scales?.Multiply(first, values, columns);
    }

    /// <summary>The same matrix, whose numbers are multiplied by scales.</summary>
    public PackedMatrix With(BlockScales? own) => new(format, pointer, rowBytes, columns, own);
}
