using MoeSharp.Tensors.Quantization.Fitting;
using MoeSharp.Tensors.Quantization.Panels;
using MoeSharp.Tensors.Quantization.Panels.Formats;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.Q50;

/// <summary>5 bits and one scale: <c>scale·(code − 16)</c>.</summary>
/// <remarks>Source: ggml, block_q5_0.</remarks>
internal sealed class Q50Format() : StructFormat<Q50Block>("Q5_0", ggmlType: 6, blockLength: 32, codeGroup: 32)
{
    private const int Bias = 16;
    private static readonly CodeLayout s_lowBits = CodeLayout.Nibbles(runBytes: 16, length: 32);

    public override bool CanQuantize => true;

    internal override PanelScheme Panels => field ??= new PanelScheme<Q50Panel>(this);

    protected override void UnpackBlock(in Q50Block block, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        s_lowBits.Read(block.LowBits, codes);
        BitString.AddHighBit(block.HighBits, up: 4, codes);
        CodeValues.Subtract(Bias, codes);
        scales[0] = (float)block.Scale;
    }

    protected override void QuantizeBlock(ReadOnlySpan<float> values, ReadOnlySpan<float> weights, ref Q50Block block)
    {
        Span<byte> codes = stackalloc byte[BlockLength];
        block.Scale = SingleScaleFit.Fit(new WeightedGroup(values, weights), new LinearLevels(-Bias, Bias - 1), codes);
        s_lowBits.Write(codes, block.LowBits);
        BitString.WriteHighBit(codes, up: 4, block.HighBits);
    }
}
