using System.Runtime.InteropServices;
using MoeSharp.Tensors.Quantization.Fitting;
using MoeSharp.Tensors.Quantization.Panels;
using MoeSharp.Tensors.Quantization.Panels.Formats;

namespace MoeSharp.Tensors.Quantization.Q80;

/// <summary>8 bits and one scale: <c>scale·code</c>.</summary>
/// <remarks>Source: ggml, block_q8_0. A code of −128 is read, never written.</remarks>
internal sealed class Q80Format() : StructFormat<Q80Block>("Q8_0", ggmlType: 8, blockLength: 32, codeGroup: 32)
{
    private const int Highest = 127;

    public override bool CanQuantize => true;

    internal override PanelScheme Panels => field ??= new PanelScheme<Q80Panel>(this);

    protected override void UnpackBlock(in Q80Block block, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        ReadOnlySpan<byte> stored = block.Codes;
        MemoryMarshal.Cast<byte, sbyte>(stored).CopyTo(codes);
        scales[0] = (float)block.Scale;
    }

    protected override void QuantizeBlock(ReadOnlySpan<float> values, ReadOnlySpan<float> weights, ref Q80Block block)
    {
        Span<byte> codes = block.Codes;
        block.Scale = SingleScaleFit.Fit(new WeightedGroup(values, weights), new LinearLevels(-Highest, Highest), codes);
        for (int i = 0; i < codes.Length; i++)
        {
            codes[i] -= Highest;
        }
    }
}
