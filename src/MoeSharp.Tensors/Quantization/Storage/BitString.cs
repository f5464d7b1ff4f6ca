namespace MoeSharp.Tensors.Quantization.Storage;

/// <summary>Fields of 1 or 2 bits in order of the elements, lowest bits of a byte first.</summary>
internal static class BitString
{
    /// <summary>codes[i] = field i.</summary>
    public static void Read(ReadOnlySpan<byte> bytes, int bits, Span<sbyte> codes)
    {
        int perByte = 8 / bits, mask = (1 << bits) - 1;
        for (int i = 0; i < bytes.Length; i++)
        {
            int fields = bytes[i];
            Span<sbyte> target = codes.Slice(i * perByte, perByte);
            for (int j = 0; j < target.Length; j++, fields >>= bits)
            {
                target[j] = (sbyte)(fields & mask);
            }
        }
    }

    /// <summary>codes[i] |= bit i, moved up.</summary>
    public static void AddHighBit(ReadOnlySpan<byte> bytes, int up, Span<sbyte> codes)
    {
        for (int i = 0; i < codes.Length; i++)
        {
            codes[i] |= (sbyte)(((bytes[i >> 3] >> (i & 7)) & 1) << up);
        }
    }

    /// <summary>Bit i = bit <paramref name="up"/> of code i; the bytes are zero before.</summary>
    public static void WriteHighBit(ReadOnlySpan<byte> codes, int up, Span<byte> bytes)
    {
        for (int i = 0; i < codes.Length; i++)
        {
            bytes[i >> 3] |= (byte)(((codes[i] >> up) & 1) << (i & 7));
        }
    }
}
