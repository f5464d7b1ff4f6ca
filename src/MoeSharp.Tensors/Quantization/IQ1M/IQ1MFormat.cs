using MoeSharp.Tensors.Quantization.IQ1S;
using System.Runtime.InteropServices;

namespace MoeSharp.Tensors.Quantization.IQ1M;

/// <summary>As IQ1_S, with groups of 16 and a shift for each pattern; the common scale stands in the upper quarters of the words of scales.</summary>
/// <remarks>Source: ggml, block_iq1_m. Read only.</remarks>
internal sealed class IQ1MFormat() : StructFormat<IQ1MBlock>("IQ1_M", ggmlType: 29, blockLength: 256, codeGroup: 16)
{
    protected override void UnpackBlock(in IQ1MBlock block, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        ReadOnlySpan<byte> multiples = block.Multiples;
        ReadOnlySpan<ushort> words = MemoryMarshal.Cast<byte, ushort>(multiples);
        int bits = (words[0] >> 12) | (words[1] >> 12 << 4) | (words[2] >> 12 << 8) | (words[3] >> 12 << 12);
        float scale = (float)BitConverter.UInt16BitsToHalf((ushort)bits);
        for (int group = 0; group < scales.Length; group++)
        {
            int multiple = (words[group / 4] >> (3 * (group % 4))) & 7;
            scales[group] = scale * (1 + (2 * multiple)) * 0.125f;
        }

        for (int i = 0; i < 32; i++)
        {
            int high = block.HighBits[i / 2] >> (4 * (i % 2));
            IQ1SFormat.Shifted(block.Patterns[i] | ((high & 7) << 8), (high & 8) != 0, codes.Slice(8 * i, 8));
        }
    }
}
