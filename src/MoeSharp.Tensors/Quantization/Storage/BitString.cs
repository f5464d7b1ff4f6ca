using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

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

    /// <summary>codes[i] |= bit i, moved up; a multiple of 16 codes.</summary>
    public static void AddHighBit(ReadOnlySpan<byte> bytes, int up, Span<sbyte> codes)
    {
        Vector128<byte> spread = Vector128.Create((byte)0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
        Vector128<byte> place = Vector128.Create(0x8040_2010_0804_0201ul).AsByte();
        Span<byte> target = MemoryMarshal.AsBytes(codes);
        for (int i = 0; i < target.Length; i += Vector128<byte>.Count)
        {
            Vector128<byte> two = Vector128.Create(BinaryPrimitives.ReadUInt16LittleEndian(bytes[(i / 8)..])).AsByte();
            Vector128<byte> isSet = Vector128.Equals(Vector128.Shuffle(two, spread) & place, place);
            (Vector128.Create<byte>(target[i..]) | (isSet & Vector128.Create((byte)(1 << up)))).CopyTo(target[i..]);
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
