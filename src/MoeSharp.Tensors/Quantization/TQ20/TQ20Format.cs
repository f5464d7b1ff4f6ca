using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.TQ20;

/// <summary>Ternary digits of 2 bits: <c>scale·(code − 1)</c>.</summary>
/// <remarks>Source: ggml, block_tq2_0.</remarks>
internal sealed class TQ20Format() : StructFormat<TQ20Block>("TQ2_0", ggmlType: 35, blockLength: 256, codeGroup: 32)
{
    private const int Bias = 1;
    private static readonly CodeLayout s_codes = CodeLayout.Fields(bits: 2, runBytes: 32, length: 256, up: 0);

    protected override void UnpackBlock(in TQ20Block block, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        s_codes.Read(block.Codes, codes);
        CodeValues.Subtract(Bias, codes);
        scales.Fill((float)block.Scale);
    }
}
