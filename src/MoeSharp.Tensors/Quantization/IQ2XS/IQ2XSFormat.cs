using MoeSharp.Tensors.Quantization.Codebooks;
using System.Runtime.InteropServices;

namespace MoeSharp.Tensors.Quantization.IQ2XS;

/// <summary>Patterns of eight magnitudes; groups of 16 with scales of 4 bits: <c>scale·(½ + multiple)/4·pattern</c>.</summary>
/// <remarks>Source: ggml, block_iq2_xs. Read only.</remarks>
internal sealed class IQ2XSFormat() : StructFormat<IQ2XSBlock>("IQ2_XS", ggmlType: 17, blockLength: 256, codeGroup: 16)
{
    private const int NumberBits = 9;

    protected override void UnpackBlock(in IQ2XSBlock block, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        ReadOnlySpan<byte> patterns = block.Patterns;
        ReadOnlySpan<ushort> words = MemoryMarshal.Cast<byte, ushort>(patterns);
        float scale = (float)block.Scale;
        for (int group = 0; group < scales.Length; group++)
        {
            scales[group] = scale * (0.5f + ((block.Multiples[group / 2] >> (4 * (group % 2))) & 15)) * 0.25f;
        }

        for (int i = 0; i < words.Length; i++)
        {
            Codebook.Write(
                IQ2XSCodebook.Entries[words[i] & ((1 << NumberBits) - 1)], EvenSigns.Of((uint)words[i] >> NumberBits), codes.Slice(8 * i, 8));
        }
    }
}
