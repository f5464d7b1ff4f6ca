using MoeSharp.Tensors.Quantization.Fitting;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.Q2K;

/// <summary>2 bits; groups of 16 with scales and offsets of 4 bits: <c>scale·multiple·code − offset·multiple</c>.</summary>
/// <remarks>Source: ggml, block_q2_K.</remarks>
internal sealed class Q2KFormat() : StructFormat<Q2KBlock>("Q2_K", ggmlType: 10, blockLength: 256, codeGroup: 16)
{
    private const int Groups = 16;
    private const int Steps = 20;
    private static readonly CodeLayout s_codes = CodeLayout.Fields(bits: 2, runBytes: 32, length: 256, up: 0);

    public override bool CanQuantize => true;

    public override bool HasOffsets => true;

    protected override void UnpackBlock(in Q2KBlock block, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        s_codes.Read(block.Codes, codes);
        float scale = (float)block.Scale, offset = (float)block.Offset;
        for (int group = 0; group < Groups; group++)
        {
            scales[group] = scale * (block.Multiples[group] & 15);
            offsets[group] = -(offset * (block.Multiples[group] >> 4));
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
