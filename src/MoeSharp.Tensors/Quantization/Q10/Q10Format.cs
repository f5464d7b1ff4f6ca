using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.Q10;

/// <summary>Signs with one magnitude: <c>± scale</c>.</summary>
/// <remarks>Source: ggml, block_q1_0.</remarks>
internal sealed class Q10Format() : StructFormat<Q10Block>("Q1_0", ggmlType: 41, blockLength: 128, codeGroup: 32)
{
    protected override void UnpackBlock(in Q10Block block, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        BitString.Read(block.Signs, bits: 1, codes);
        foreach (ref sbyte code in codes)
        {
            code = (sbyte)((2 * code) - 1);
        }

        scales.Fill((float)block.Scale);
    }
}
