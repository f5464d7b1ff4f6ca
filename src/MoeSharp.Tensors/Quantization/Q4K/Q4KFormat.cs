using MoeSharp.Tensors.Quantization.Fitting;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.Q4K;

/// <summary>4 bits; groups of 32 with scales and offsets of 6 bits: <c>scale·multiple·code − offset·multiple</c>.</summary>
/// <remarks>Source: ggml, block_q4_K.</remarks>
internal sealed class Q4KFormat() : StructFormat<Q4KBlock>("Q4_K", ggmlType: 12, blockLength: 256, codeGroup: 32)
{
    private const int Groups = 8;
    private const int Steps = 20;
    private static readonly CodeLayout s_codes = CodeLayout.Nibbles(runBytes: 32, length: 256);

    public override bool CanQuantize => true;

    public override bool HasOffsets => true;

    protected override void UnpackBlock(in Q4KBlock block, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        s_codes.Read(block.Codes, codes);
        float scale = (float)block.Scale, offset = (float)block.Offset;
        for (int group = 0; group < Groups; group++)
        {
            (int scaleMultiple, int offsetMultiple) = SixBitPairs.Read(block.Multiples, group);
            scales[group] = scale * scaleMultiple;
            offsets[group] = -(offset * offsetMultiple);
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
