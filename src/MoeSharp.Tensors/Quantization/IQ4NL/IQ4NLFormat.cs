using MoeSharp.Tensors.Quantization.Fitting;
using MoeSharp.Tensors.Quantization.Panels;
using MoeSharp.Tensors.Quantization.Panels.Formats;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.IQ4NL;

/// <summary>4 bits for uneven levels, and one scale: <c>scale·level</c>.</summary>
/// <remarks>Source: ggml, block_iq4_nl.</remarks>
internal sealed class IQ4NLFormat() : StructFormat<IQ4NLBlock>("IQ4_NL", ggmlType: 20, blockLength: 32, codeGroup: 32)
{
    private static readonly CodeLayout s_codes = CodeLayout.Nibbles(runBytes: 16, length: 32);

    public override bool CanQuantize => true;

    internal override PanelScheme Panels => field ??= new PanelScheme<IQ4NLPanel>(this);

    protected override void UnpackBlock(in IQ4NLBlock block, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        s_codes.Read(block.Codes, codes);
        CodeValues.LookUp(UnevenLevels.Values, codes);
        scales[0] = (float)block.Scale;
    }

    protected override void QuantizeBlock(ReadOnlySpan<float> values, ReadOnlySpan<float> weights, ref IQ4NLBlock block)
    {
        Span<byte> codes = stackalloc byte[BlockLength];
        block.Scale = SingleScaleFit.Fit(new WeightedGroup(values, weights), UnevenLevels.Levels, codes);
        s_codes.Write(codes, block.Codes);
    }
}
