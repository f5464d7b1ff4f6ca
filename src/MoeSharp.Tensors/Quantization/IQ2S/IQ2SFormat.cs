using MoeSharp.Tensors.Quantization.Codebooks;

namespace MoeSharp.Tensors.Quantization.IQ2S;

/// <summary>Patterns of eight magnitudes; groups of 16 with scales of 4 bits: <c>scale·(½ + multiple)/4·pattern</c>.</summary>
/// <remarks>Source: ggml, block_iq2_s. Read only.</remarks>
internal sealed class IQ2SFormat() : StructFormat<IQ2SBlock>("IQ2_S", ggmlType: 22, blockLength: 256, codeGroup: 16)
{
    protected override void UnpackBlock(in IQ2SBlock block, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        float scale = (float)block.Scale;
        for (int group = 0; group < scales.Length; group++)
        {
            scales[group] = scale * (0.5f + ((block.Multiples[group / 2] >> (4 * (group % 2))) & 15)) * 0.25f;
        }

        ReadOnlySpan<byte> patterns = block.Patterns;
        for (int i = 0; i < patterns.Length; i++)
        {
            int high = (block.HighBits[i / 4] >> (2 * (i % 4))) & 3;
            Codebook.Write(IQ2SCodebook.Entries[patterns[i] | (high << 8)], block.Signs[i], codes.Slice(8 * i, 8));
        }
    }
}
