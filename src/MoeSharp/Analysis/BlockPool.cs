using System.Buffers.Binary;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Analysis;

/// <summary>Random blocks of one format, from which rows of any number of matrices are cut: gigabytes of weights in the time of copying.</summary>
/// <remarks>
/// <para>Values are normal with the deviation asked for, quantised once; of formats that can only be read, random codes with a scale that
/// gives that deviation. A row begins at a block that its key chooses, so rows of a matrix are all but unrelated, as in a fresh model.</para>
/// <para>Safe for concurrent reads.</para>
/// </remarks>
internal sealed class BlockPool
{
    private const int Elements = 1 << 18;
    private const int Together = 1 << 13;

    private readonly byte[] _bytes;
    private readonly int _blockBytes;

    /// <summary>Fills the pool.</summary>
    /// <param name="format">The format.</param>
    /// <param name="columns">Elements of a row, whole blocks.</param>
    /// <param name="deviation">Standard deviation of the values.</param>
    /// <param name="seed">The same seed gives the same blocks.</param>
    public BlockPool(BlockFormat format, int columns, float deviation, ulong seed)
    {
        RowBytes = checked((int)format.BytesOf(columns));
        _blockBytes = format.BlockBytes;
        int blocks = (Math.Max(Elements, 4 * columns) + format.BlockLength - 1) / format.BlockLength;
        _bytes = new byte[blocks * _blockBytes];
        var rng = new Rng(seed);
        if (format.CanQuantize)
        {
            Quantize(format, rng, deviation);
        }
        else
        {
            Invent(format, rng, deviation);
        }
    }

    /// <summary>Bytes of a row.</summary>
    public int RowBytes { get; }

    /// <summary>The row of a key.</summary>
    public ReadOnlySpan<byte> Row(ulong key)
    {
        ulong starts = (ulong)((_bytes.Length - RowBytes) / _blockBytes) + 1;
        return _bytes.AsSpan((int)(key % starts) * _blockBytes, RowBytes);
    }

    private void Quantize(BlockFormat format, Rng rng, float deviation)
    {
        int blocks = Math.Max(1, Together / format.BlockLength);
        float[] values = new float[blocks * format.BlockLength];
        for (int done = 0; done < _bytes.Length;)
        {
            int count = Math.Min(blocks, (_bytes.Length - done) / _blockBytes);
            Span<float> part = values.AsSpan(0, count * format.BlockLength);
            rng.FillNormal(part, deviation);
            format.Quantize(part, _bytes.AsSpan(done, count * _blockBytes));
            done += count * _blockBytes;
        }
    }

    private void Invent(BlockFormat format, Rng rng, float deviation)
    {
        bool isTernary = format.Name is "TQ2_0" or "Q2_0"; // of 2 bits, around 1: without 3 the mean is 0
        for (int i = 0; i < _bytes.Length; i++)
        {
            int bits = (int)(rng.NextBits() >> 56), threes = bits & (bits >> 1) & 0x55;
            _bytes[i] = (byte)(isTernary ? bits & ~(threes << 1) : bits);
        }

        SetScales(format, 1);
        float[] values = new float[Math.Max(1, Together / format.BlockLength) * format.BlockLength];
        format.Dequantize(_bytes.AsSpan(0, (int)format.BytesOf(values.Length)), values);
        double squares = 0;
        foreach (float value in values)
        {
            squares += (double)value * value;
        }

        SetScales(format, (float)(deviation / Math.Sqrt(squares / values.Length)));
    }

    private void SetScales(BlockFormat format, float scale)
    {
        for (int start = 0; start < _bytes.Length; start += _blockBytes)
        {
            SetScale(format, _bytes.AsSpan(start, _blockBytes), scale);
        }
    }

    // Where a block that can only be read keeps its common scale.
    private static void SetScale(BlockFormat format, Span<byte> block, float scale)
    {
        switch (format.Name)
        {
            case "Q8_K":
                BinaryPrimitives.WriteSingleLittleEndian(block, scale);
                break;
            case "NVFP4": // four scales of 4 bits of exponent and 3 of mantissa
                block[..4].Fill((byte)(Math.Clamp((int)MathF.Round(MathF.Log2(scale)) + 8, 1, 15) << 3));
                break;
            case "IQ1_M": // a quarter on top of each of the last four words
                ushort bits = BitConverter.HalfToUInt16Bits((Half)scale);
                for (int word = 0; word < 4; word++)
                {
                    ref byte upper = ref block[^(7 - (2 * word))];
                    upper = (byte)((upper & 15) | (((bits >> (4 * word)) & 15) << 4));
                }

                break;
            default:
                int place = format.Name is "TQ1_0" or "TQ2_0" ? block.Length - 2 : 0;
                BinaryPrimitives.WriteHalfLittleEndian(block[place..], (Half)scale);
                break;
        }
    }
}
