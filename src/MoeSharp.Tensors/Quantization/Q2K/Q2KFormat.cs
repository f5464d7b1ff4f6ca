using MoeSharp.Tensors.Quantization.Fitting;
using MoeSharp.Tensors.Quantization.Panels;
using MoeSharp.Tensors.Quantization.Panels.Formats;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.Q2K;

/// <summary>2 bits; groups of 16 with scales and offsets of 4 bits: <c>scale·multiple·code − offset·multiple</c>.</summary>
/// <remarks>Source: ggml, block_q2_K.</remarks>
internal sealed class Q2KFormat() : SuperFormat<Q2KBlock>("Q2_K", ggmlType: 10, codeGroup: 16)
{
    private const int Groups = 16;
    private const int Steps = 20;
    private static readonly CodeLayout s_codes = CodeLayout.Fields(bits: 2, runBytes: 32, length: 256, up: 0);

    public override bool CanQuantize => true;

    internal override PanelScheme Panels => field ??= new PanelScheme<Q2KPanel>(this);

    public override bool HasOffsets => true;

    protected override void ReadCodes(in Q2KBlock block, Span<sbyte> codes) =>
        s_codes.Read(block.Codes, codes);

    protected override void ReadMultiples(
        in Q2KBlock block, Span<int> multiples, Span<int> offsetMultiples, out float scale, out float offset)
    {
        (scale, offset) = ((float)block.Scale, -(float)block.Offset);
        for (int group = 0; group < Groups; group++)
        {
            (multiples[group], offsetMultiples[group]) = (block.Multiples[group] & 15, block.Multiples[group] >> 4);
        }
    }

    protected override void QuantizeBlock(ReadOnlySpan<float> values, ReadOnlySpan<float> weights, ref Q2KBlock block)
    {
        Span<byte> scales = stackalloc byte[Groups];
        Span<byte> offsets = stackalloc byte[Groups];
        Span<byte> codes = stackalloc byte[BlockLength];
        (block.Scale, block.Offset) = SuperAffineFit.Fit(
            new WeightedGroup(values, weights), new LinearLevels(0, 3), 15, Steps, scales, offsets, codes);
        s_codes.Write(codes, block.Codes);
        for (int group = 0; group < Groups; group++)
        {
            block.Multiples[group] = (byte)(scales[group] | (offsets[group] << 4));
        }
    }
}
