using MoeSharp.Tensors.Quantization.Fitting;
using MoeSharp.Tensors.Quantization.Panels;
using MoeSharp.Tensors.Quantization.Panels.Formats;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.Q51;

/// <summary>5 bits, a scale and an offset: <c>scale·code + offset</c>.</summary>
/// <remarks>Source: ggml, block_q5_1.</remarks>
internal sealed class Q51Format() : StructFormat<Q51Block>("Q5_1", ggmlType: 7, blockLength: 32, codeGroup: 32)
{
    private static readonly CodeLayout s_lowBits = CodeLayout.Nibbles(runBytes: 16, length: 32);

    public override bool CanQuantize => true;

    internal override PanelScheme Panels => field ??= new PanelScheme<Q51Panel>(this);

    public override bool HasOffsets => true;

    protected override void UnpackBlock(in Q51Block block, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        s_lowBits.Read(block.LowBits, codes);
        BitString.AddHighBit(block.HighBits, up: 4, codes);
        scales[0] = (float)block.Scale;
        offsets[0] = (float)block.Offset;
    }

    protected override void QuantizeBlock(ReadOnlySpan<float> values, ReadOnlySpan<float> weights, ref Q51Block block)
    {
        Span<byte> codes = stackalloc byte[BlockLength];
        (block.Scale, block.Offset) = ScaleAndOffsetFit.Fit(new WeightedGroup(values, weights), new LinearLevels(0, 31), codes);
        s_lowBits.Write(codes, block.LowBits);
        BitString.WriteHighBit(codes, up: 4, block.HighBits);
    }
}
