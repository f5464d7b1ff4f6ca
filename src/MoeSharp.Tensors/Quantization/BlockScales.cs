using System.Numerics;
using System.Runtime.InteropServices;

namespace MoeSharp.Tensors.Quantization;

/// <summary>Scales of a matrix <c>[N, K]</c> of 8-bit floats: one for a square of <see cref="BlockLength"/> rows and columns.</summary>
/// <remarks>
/// <para>Formula: <c>value[r, c] = number[r, c] · scale[r', c / 128]</c>, one float32 product; r' is the row of scales of r, found by the run
/// of rows that r is in, since a matrix of ours may be put together from runs of published rows.</para>
/// <para>Immutable; safe for concurrent use.</para>
/// </remarks>
internal sealed class BlockScales
{
    /// <summary>Rows and columns that share a scale.</summary>
    public const int BlockLength = 128;

    private readonly float[] _values; // rows of scales, one after another
    private readonly int _columns; // of scales
    private readonly ScaleRun[] _runs; // by their first row; the first one starts at row 0

    /// <summary>Takes scales and the runs of rows that use them.</summary>
    /// <param name="values">Rows of scales, one after another.</param>
    /// <param name="columns">Scales of a row: ⌈K / 128⌉.</param>
    /// <param name="runs">Runs of rows, by their first row, from row 0 on.</param>
    public BlockScales(float[] values, int columns, IReadOnlyList<ScaleRun> runs)
    {
        (_values, _columns, _runs) = (values, columns, [.. runs]);
    }

    /// <summary>How many scales a length takes.</summary>
    public static long Blocks(long length) => (length + BlockLength - 1) / BlockLength;

    /// <summary>Multiplies numbers of one row by their scales.</summary>
    /// <param name="values">Numbers.</param>
    /// <param name="scales">The row of scales.</param>
    /// <param name="column">Column of the first number.</param>
    public static void MultiplyRow(Span<float> values, ReadOnlySpan<float> scales, long column)
    {
        while (values.Length > 0)
        {
            int length = (int)Math.Min(values.Length, BlockLength - (column % BlockLength));
            Multiply(values[..length], scales[(int)(column / BlockLength)]);
            values = values[length..];
            column += length;
        }
    }

    /// <summary>Multiplies numbers of consecutive rows by their scales.</summary>
    /// <param name="first">The first row.</param>
    /// <param name="values">Whole rows.</param>
    /// <param name="columns">K.</param>
    public void Multiply(long first, Span<float> values, int columns)
    {
        int run = 0;
        for (long row = first; values.Length > 0; row++, values = values[columns..])
        {
            while (run + 1 < _runs.Length && _runs[run + 1].FirstRow <= row)
            {
                run++;
            }

            int scaleRow = _runs[run].ScaleRowOf(row);
            MultiplyRow(values[..columns], _values.AsSpan(scaleRow * _columns, _columns), 0);
        }
    }

    private static void Multiply(Span<float> values, float scale)
    {
        Span<Vector<float>> vectors = MemoryMarshal.Cast<float, Vector<float>>(values);
        foreach (ref Vector<float> vector in vectors)
        {
            vector *= scale;
        }

        for (int i = vectors.Length * Vector<float>.Count; i < values.Length; i++)
        {
            values[i] *= scale;
        }
    }
}
