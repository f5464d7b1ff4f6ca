using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.Q20;

/// <summary>2 bits and one scale: <c>scale·(code − 1)</c>.</summary>
/// <remarks>Source: ggml, block_q2_0.</remarks>
internal sealed class Q20Format() : StructFormat<Q20Block>("Q2_0", ggmlType: 42, blockLength: 64, codeGroup: 32)
{
    private const int Bias = 1;

    protected override void UnpackBlock(in Q20Block block, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        BitString.Read(block.Codes, bits: 2, codes);
        CodeValues.Subtract(Bias, codes);
        scales.Fill((float)block.Scale);
    }
}
