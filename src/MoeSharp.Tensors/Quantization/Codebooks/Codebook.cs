using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace MoeSharp.Tensors.Quantization.Codebooks;

/// <summary>Numbered patterns of 4 or 8 small numbers: a block stores the number of a pattern instead of the codes.</summary>
internal sealed class Codebook
{
    private readonly ulong[] _patterns;

    /// <param name="places">Base64 of 16-bit words, one a pattern; in each, from the lowest bits, the place of every code in <paramref name="values"/>.</param>
    /// <param name="length">Codes of a pattern.</param>
    /// <param name="bits">Bits of a place.</param>
    /// <param name="values">What the places mean.</param>
    public Codebook(string places, int length, int bits, ReadOnlySpan<sbyte> values)
    {
        byte[] words = Convert.FromBase64String(places);
        _patterns = new ulong[words.Length / sizeof(ushort)];
        for (int i = 0; i < _patterns.Length; i++)
        {
            int word = BinaryPrimitives.ReadUInt16LittleEndian(words.AsSpan(i * sizeof(ushort)));
            for (int j = 0; j < length; j++)
            {
                ulong code = (byte)values[(word >> (j * bits)) & ((1 << bits) - 1)];
                _patterns[i] |= code << (8 * j);
            }
        }
    }

    /// <summary>The codes of a pattern, one a byte, the first lowest.</summary>
    public ulong this[int pattern] => _patterns[pattern];

    /// <summary>Eight codes, one a byte; those whose bit in <paramref name="signs"/> is set are made negative.</summary>
    public static void Write(ulong codes, int signs, Span<sbyte> target)
    {
        Vector128<byte> place = Vector128.CreateScalar(0x8040_2010_0804_0201ul).AsByte();
        Vector128<byte> isNegative = Vector128.Equals(Vector128.Create((byte)signs) & place, place);

        // −x = ~x + 1
        Vector128<byte> signed = (Vector128.CreateScalar(codes).AsByte() ^ isNegative) - isNegative;
        MemoryMarshal.Write(MemoryMarshal.AsBytes(target), signed.AsUInt64().ToScalar());
    }
}
