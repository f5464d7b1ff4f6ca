using MoeSharp.Tensors.Quantization.Fitting;
using MoeSharp.Tensors.Quantization.Panels;
using MoeSharp.Tensors.Quantization.Panels.Formats;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.Q41;

/// <summary>4 bits, a scale and an offset: <c>scale·code + offset</c>.</summary>
/// <remarks>Source: ggml, block_q4_1.</remarks>
internal sealed class Q41Format() : StructFormat<Q41Block>("Q4_1", ggmlType: 3, blockLength: 32, codeGroup: 32)
{
    private static readonly CodeLayout s_codes = CodeLayout.Nibbles(runBytes: 16, length: 32);

    public override bool CanQuantize => true;

    internal override PanelScheme Panels => field ??= new PanelScheme<Q41Panel>(this);

    public override bool HasOffsets => true;

    protected override void UnpackBlock(in Q41Block block, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        s_codes.Read(block.Codes, codes);
        scales[0] = (float)block.Scale;
        offsets[0] = (float)block.Offset;
    }

    protected override void QuantizeBlock(ReadOnlySpan<float> values, ReadOnlySpan<float> weights, ref Q41Block block)
    {
        Span<byte> codes = stackalloc byte[BlockLength];
        (block.Scale, block.Offset) = ScaleAndOffsetFit.Fit(new WeightedGroup(values, weights), new LinearLevels(0, 15), codes);
        s_codes.Write(codes, block.Codes);
    }
}
