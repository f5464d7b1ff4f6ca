using MoeSharp.Tensors.Quantization.Fitting;
using MoeSharp.Tensors.Quantization.Panels;
using MoeSharp.Tensors.Quantization.Panels.Formats;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.Q40;

/// <summary>4 bits and one scale: <c>scale·(code − 8)</c>.</summary>
/// <remarks>Source: ggml, block_q4_0.</remarks>
internal sealed class Q40Format() : StructFormat<Q40Block>("Q4_0", ggmlType: 2, blockLength: 32, codeGroup: 32)
{
    private const int Bias = 8;
    private static readonly CodeLayout s_codes = CodeLayout.Nibbles(runBytes: 16, length: 32);

    public override bool CanQuantize => true;

    internal override PanelScheme Panels => field ??= new PanelScheme<Q40Panel>(this);

    protected override void UnpackBlock(in Q40Block block, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        s_codes.Read(block.Codes, codes);
        CodeValues.Subtract(Bias, codes);
        scales[0] = (float)block.Scale;
    }

    protected override void QuantizeBlock(ReadOnlySpan<float> values, ReadOnlySpan<float> weights, ref Q40Block block)
    {
        Span<byte> codes = stackalloc byte[BlockLength];
        block.Scale = SingleScaleFit.Fit(new WeightedGroup(values, weights), new LinearLevels(-Bias, Bias - 1), codes);
        s_codes.Write(codes, block.Codes);
    }
}
