using System.Numerics;
using System.Runtime.InteropServices;

namespace MoeSharp.Formats.TensorBoard;

/// <summary>CRC-32C (Castagnoli, polynomial 0x1EDC6F41), and the masked form that record files store.</summary>
/// <remarks>Source: RFC 3720 appendix B.4; the mask is that of TensorFlow's <c>lib/hash/crc32c.h</c>.</remarks>
internal static class Crc32C
{
    /// <summary>The checksum of <paramref name="bytes"/>.</summary>
    public static uint Compute(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (ulong word in words)
        {
            crc = BitOperations.Crc32C(crc, word);
        }

        foreach (byte value in bytes[(words.Length * sizeof(ulong))..])
        {
            crc = BitOperations.Crc32C(crc, value);
        }

        return ~crc;
    }

    /// <summary>Rotated and offset, so that the checksum of data that holds checksums does not degenerate.</summary>
    public static uint Masked(ReadOnlySpan<byte> bytes) => unchecked(BitOperations.RotateRight(Compute(bytes), 15) + 0xA282_EAD8);
}
