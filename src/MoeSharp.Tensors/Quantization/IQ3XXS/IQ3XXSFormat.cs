using MoeSharp.Tensors.Quantization.Codebooks;
using System.Runtime.InteropServices;

namespace MoeSharp.Tensors.Quantization.IQ3XXS;

/// <summary>Patterns of four magnitudes; groups of 32 with scales of 4 bits: <c>scale·(½ + multiple)/2·pattern</c>.</summary>
/// <remarks>Source: ggml, block_iq3_xxs. Read only.</remarks>
internal sealed class IQ3XXSFormat() : StructFormat<IQ3XXSBlock>("IQ3_XXS", ggmlType: 18, blockLength: 256, codeGroup: 32)
{
    protected override void UnpackBlock(in IQ3XXSBlock block, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        ReadOnlySpan<byte> signBytes = block.SignsAndMultiples;
        ReadOnlySpan<uint> words = MemoryMarshal.Cast<byte, uint>(signBytes);
        float scale = (float)block.Scale;
        for (int group = 0; group < scales.Length; group++)
        {
            scales[group] = scale * (0.5f + (words[group] >> 28)) * 0.5f;
            for (int i = 0; i < 4; i++)
            {
                int first = (8 * group) + (2 * i);
                ulong eight = IQ3XXSCodebook.Entries[block.Patterns[first]] | (IQ3XXSCodebook.Entries[block.Patterns[first + 1]] << 32);
                Codebook.Write(eight, EvenSigns.Of(words[group] >> (7 * i)), codes.Slice((32 * group) + (8 * i), 8));
            }
        }
    }
}
