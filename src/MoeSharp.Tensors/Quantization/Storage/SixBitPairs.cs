namespace MoeSharp.Tensors.Quantization.Storage;

/// <summary>Eight scales and eight offsets of 6 bits in 12 bytes (Q4_K, Q5_K).</summary>
/// <remarks>
/// Bytes 0…3 hold scales 0…3 and bytes 4…7 offsets 0…3, each in its lower 6 bits. Bytes 8…11 hold the lower halves of scales 4…7 (low)
/// and offsets 4…7 (high); their upper 2 bits are the upper 2 bits of bytes 0…3 and 4…7.
/// </remarks>
internal static class SixBitPairs
{
    /// <summary>Scale and offset of a group.</summary>
    public static (int Scale, int Offset) Read(ReadOnlySpan<byte> bytes, int group) => group < 4
        ? (bytes[group] & 63, bytes[group + 4] & 63)
        : ((bytes[group + 4] & 15) | (bytes[group - 4] >> 6 << 4), (bytes[group + 4] >> 4) | (bytes[group] >> 6 << 4));

    /// <summary>All eight pairs.</summary>
    public static void Write(ReadOnlySpan<byte> scales, ReadOnlySpan<byte> offsets, Span<byte> bytes)
    {
        for (int i = 0; i < 4; i++)
        {
            bytes[i] = (byte)(scales[i] | (scales[i + 4] >> 4 << 6));
            bytes[i + 4] = (byte)(offsets[i] | (offsets[i + 4] >> 4 << 6));
            bytes[i + 8] = (byte)((scales[i + 4] & 15) | ((offsets[i + 4] & 15) << 4));
        }
    }
}
