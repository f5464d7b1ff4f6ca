using System.Buffers.Binary;

namespace MoeSharp.Tensors.Quantization.Codebooks;

/// <summary>Numbered patterns of 4 or 8 small numbers: a block stores the number of a pattern instead of the codes.</summary>
internal sealed class Codebook
{
    private readonly sbyte[] _codes;
    private readonly int _length;

    /// <param name="places">Base64 of 16-bit words, one a pattern; in each, from the lowest bits, the place of every code in <paramref name="values"/>.</param>
    /// <param name="length">Codes of a pattern.</param>
    /// <param name="bits">Bits of a place.</param>
    /// <param name="values">What the places mean.</param>
    public Codebook(string places, int length, int bits, ReadOnlySpan<sbyte> values)
    {
        byte[] words = Convert.FromBase64String(places);
        _length = length;
        _codes = new sbyte[words.Length / sizeof(ushort) * length];
        for (int i = 0; i < _codes.Length; i++)
        {
            int word = BinaryPrimitives.ReadUInt16LittleEndian(words.AsSpan(i / length * sizeof(ushort)));
            _codes[i] = values[(word >> (i % length * bits)) & ((1 << bits) - 1)];
        }
    }

    /// <summary>The codes of a pattern.</summary>
    public ReadOnlySpan<sbyte> this[int pattern] => _codes.AsSpan(pattern * _length, _length);

    /// <summary>The codes of a pattern; those whose bit in <paramref name="signs"/> is set are negative.</summary>
    public void Copy(int pattern, int signs, Span<sbyte> target)
    {
        ReadOnlySpan<sbyte> codes = this[pattern];
        for (int i = 0; i < codes.Length; i++)
        {
            int negative = -((signs >> i) & 1); // −x = ~x + 1
            target[i] = (sbyte)((codes[i] ^ negative) - negative);
        }
    }
}
