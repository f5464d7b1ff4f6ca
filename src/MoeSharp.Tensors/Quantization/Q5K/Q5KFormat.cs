using MoeSharp.Tensors.Quantization.Fitting;
using MoeSharp.Tensors.Quantization.Panels;
using MoeSharp.Tensors.Quantization.Panels.Formats;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.Q5K;

/// <summary>5 bits; groups of 32 with scales and offsets of 6 bits: <c>scale·multiple·code − offset·multiple</c>.</summary>
/// <remarks>Source: ggml, block_q5_K.</remarks>
internal sealed class Q5KFormat() : SuperFormat<Q5KBlock>("Q5_K", ggmlType: 13, codeGroup: 32)
{
    private const int Groups = 8;
    private const int Steps = 20;
    private static readonly CodeLayout s_lowBits = CodeLayout.Nibbles(runBytes: 32, length: 256);
    private static readonly CodeLayout s_highBits = CodeLayout.Fields(bits: 1, runBytes: 32, length: 256, up: 4);

    public override bool CanQuantize => true;

    internal override PanelScheme Panels => field ??= new PanelScheme<Q5KPanel>(this);

    public override bool HasOffsets => true;

    protected override void ReadCodes(in Q5KBlock block, Span<sbyte> codes)
    {
        s_lowBits.Read(block.LowBits, codes);
        s_highBits.Read(block.HighBits, codes);
    }

    protected override void ReadMultiples(
        in Q5KBlock block, Span<int> multiples, Span<int> offsetMultiples, out float scale, out float offset)
    {
        (scale, offset) = ((float)block.Scale, -(float)block.Offset);
        for (int group = 0; group < Groups; group++)
        {
            (multiples[group], offsetMultiples[group]) = SixBitPairs.Read(block.Multiples, group);
        }
    }

    protected override void QuantizeBlock(ReadOnlySpan<float> values, ReadOnlySpan<float> weights, ref Q5KBlock block)
    {
        Span<byte> scales = stackalloc byte[Groups];
        Span<byte> offsets = stackalloc byte[Groups];
        Span<byte> codes = stackalloc byte[BlockLength];
        (block.Scale, block.Offset) = SuperAffineFit.Fit(
            new WeightedGroup(values, weights), new LinearLevels(0, 31), 63, Steps, scales, offsets, codes);
        SixBitPairs.Write(scales, offsets, block.Multiples);
        s_lowBits.Write(codes, block.LowBits);
        s_highBits.Write(codes, block.HighBits);
    }
}
