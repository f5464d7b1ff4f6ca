using MoeSharp.Tensors.Quantization.Codebooks;

namespace MoeSharp.Tensors.Quantization.IQ3S;

/// <summary>Patterns of four magnitudes; groups of 32 with scales of 4 bits: <c>scale·(1 + 2·multiple)·pattern</c>.</summary>
/// <remarks>Source: ggml, block_iq3_s. Read only.</remarks>
internal sealed class IQ3SFormat() : StructFormat<IQ3SBlock>("IQ3_S", ggmlType: 21, blockLength: 256, codeGroup: 32)
{
    protected override void UnpackBlock(in IQ3SBlock block, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        float scale = (float)block.Scale;
        for (int group = 0; group < scales.Length; group++)
        {
            scales[group] = scale * (1 + (2 * ((block.Multiples[group / 2] >> (4 * (group % 2))) & 15)));
        }

        for (int i = 0; i < 32; i++)
        {
            int high = block.HighBits[i / 4] >> (2 * (i % 4));
            ulong eight = IQ3SCodebook.Entries[block.Patterns[2 * i] | ((high & 1) << 8)]
                | (IQ3SCodebook.Entries[block.Patterns[(2 * i) + 1] | ((high & 2) << 7)] << 32);
            Codebook.Write(eight, block.Signs[i], codes.Slice(8 * i, 8));
        }
    }
}
