using MoeSharp.Tensors.Quantization.Fitting;
using MoeSharp.Tensors.Quantization.Panels;
using MoeSharp.Tensors.Quantization.Panels.Formats;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.Q4K;

/// <summary>4 bits; groups of 32 with scales and offsets of 6 bits: <c>scale·multiple·code − offset·multiple</c>.</summary>
/// <remarks>Source: ggml, block_q4_K.</remarks>
internal sealed class Q4KFormat() : SuperFormat<Q4KBlock>("Q4_K", ggmlType: 12, codeGroup: 32)
{
    private const int Groups = 8;
    private const int Steps = 20;
    private static readonly CodeLayout s_codes = CodeLayout.Nibbles(runBytes: 32, length: 256);

    public override bool CanQuantize => true;

    internal override PanelScheme Panels => field ??= new PanelScheme<Q4KPanel>(this);

    public override bool HasOffsets => true;

    protected override void ReadCodes(in Q4KBlock block, Span<sbyte> codes) =>
        s_codes.Read(block.Codes, codes);

    protected override void ReadMultiples(
        in Q4KBlock block, Span<int> multiples, Span<int> offsetMultiples, out float scale, out float offset)
    {
        (scale, offset) = ((float)block.Scale, -(float)block.Offset);
        for (int group = 0; group < Groups; group++)
        {
            (multiples[group], offsetMultiples[group]) = SixBitPairs.Read(block.Multiples, group);
        }
    }

    protected override void QuantizeBlock(ReadOnlySpan<float> values, ReadOnlySpan<float> weights, ref Q4KBlock block)
    {
        Span<byte> scales = stackalloc byte[Groups];
        Span<byte> offsets = stackalloc byte[Groups];
        Span<byte> codes = stackalloc byte[BlockLength];
        (block.Scale, block.Offset) = SuperAffineFit.Fit(
            new WeightedGroup(values, weights), new LinearLevels(0, 15), 63, Steps, scales, offsets, codes);
        SixBitPairs.Write(scales, offsets, block.Multiples);
        s_codes.Write(codes, block.Codes);
    }
}
