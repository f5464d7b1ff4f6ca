using System.Runtime.InteropServices;

namespace MoeSharp.Tensors.Quantization.IQ1S;

/// <summary>Patterns of eight ternary digits, shifted by ± ⅛; groups of 32 with scales of 3 bits: <c>scale·(1 + 2·multiple)·(pattern ± ⅛)</c>.</summary>
/// <remarks>
/// <para>Codes are eight times pattern and shift, so that they are whole; the scale is an eighth, which loses no bit.</para>
/// <para>Source: ggml, block_iq1_s. Read only.</para>
/// </remarks>
internal sealed class IQ1SFormat() : StructFormat<IQ1SBlock>("IQ1_S", ggmlType: 19, blockLength: 256, codeGroup: 32)
{
    protected override void UnpackBlock(in IQ1SBlock block, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        ReadOnlySpan<byte> highBits = block.HighBits;
        ReadOnlySpan<ushort> words = MemoryMarshal.Cast<byte, ushort>(highBits);
        float scale = (float)block.Scale;
        for (int group = 0; group < scales.Length; group++)
        {
            int word = words[group];
            scales[group] = scale * (1 + (2 * ((word >> 12) & 7))) * 0.125f;
            for (int i = 0; i < 4; i++)
            {
                int pattern = block.Patterns[(4 * group) + i] | (((word >> (3 * i)) & 7) << 8);
                Shifted(pattern, (word >> 15) != 0, codes.Slice((32 * group) + (8 * i), 8));
            }
        }
    }

    /// <summary>Eight times a pattern, less or more by 1.</summary>
    internal static void Shifted(int pattern, bool downward, Span<sbyte> codes)
    {
        ulong digits = IQ1SCodebook.Entries[pattern];
        int shift = downward ? -1 : 1;
        for (int i = 0; i < 8; i++, digits >>= 8)
        {
            codes[i] = (sbyte)((sbyte)digits + shift);
        }
    }
}
