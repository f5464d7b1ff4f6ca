namespace MoeSharp.Tensors.Quantization.Storage;

/// <summary>Sixteen signed scales of 6 bits in 12 bytes, stored plus 32 (Q3_K).</summary>
/// <remarks>
/// Bytes 0…7 hold the lower 4 bits: of scales 0…7 in their low halves, of 8…15 in their high halves. Byte 8 + i holds the upper 2 bits of
/// scales i, i + 4, i + 8 and i + 12, lowest first.
/// </remarks>
internal static class SixBitScales
{
    private const int Bias = 32;

    /// <summary>Scale of a group, −32…31.</summary>
    public static int Read(ReadOnlySpan<byte> bytes, int group)
    {
        int low = (bytes[group & 7] >> (group >> 3 << 2)) & 15;
        int high = (bytes[8 + (group & 3)] >> (group >> 2 << 1)) & 3;
        return (low | (high << 4)) - Bias;
    }

    /// <summary>All sixteen; the bytes are zero before.</summary>
    public static void Write(ReadOnlySpan<sbyte> scales, Span<byte> bytes)
    {
        for (int i = 0; i < scales.Length; i++)
        {
            int stored = scales[i] + Bias;
            bytes[i & 7] |= (byte)((stored & 15) << (i >> 3 << 2));
            bytes[8 + (i & 3)] |= (byte)(stored >> 4 << (i >> 2 << 1));
        }
    }
}
