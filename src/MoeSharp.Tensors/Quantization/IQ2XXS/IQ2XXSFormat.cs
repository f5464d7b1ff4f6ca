using MoeSharp.Tensors.Quantization.Codebooks;
using System.Runtime.InteropServices;

namespace MoeSharp.Tensors.Quantization.IQ2XXS;

/// <summary>Patterns of eight magnitudes; groups of 32 with scales of 4 bits: <c>scale·(½ + multiple)/4·pattern</c>.</summary>
/// <remarks>Source: ggml, block_iq2_xxs. Read only.</remarks>
internal sealed class IQ2XXSFormat() : StructFormat<IQ2XXSBlock>("IQ2_XXS", ggmlType: 16, blockLength: 256, codeGroup: 32)
{
    protected override void UnpackBlock(in IQ2XXSBlock block, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        ReadOnlySpan<byte> patterns = block.Patterns;
        ReadOnlySpan<uint> words = MemoryMarshal.Cast<byte, uint>(patterns);
        float scale = (float)block.Scale;
        for (int group = 0; group < scales.Length; group++)
        {
            uint signs = words[(2 * group) + 1];
            scales[group] = scale * (0.5f + (signs >> 28)) * 0.25f;
            for (int i = 0; i < 4; i++)
            {
                Codebook.Write(
                    IQ2XXSCodebook.Entries[patterns[(8 * group) + i]], EvenSigns.Of(signs >> (7 * i)), codes.Slice((32 * group) + (8 * i), 8));
            }
        }
    }
}
