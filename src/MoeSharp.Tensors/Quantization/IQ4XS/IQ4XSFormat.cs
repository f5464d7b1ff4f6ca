using MoeSharp.Tensors.Quantization.Fitting;
using MoeSharp.Tensors.Quantization.IQ4NL;
using MoeSharp.Tensors.Quantization.Panels;
using MoeSharp.Tensors.Quantization.Panels.Formats;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.IQ4XS;

/// <summary>4 bits for uneven levels; groups of 32 with signed scales of 6 bits: <c>scale·multiple·level</c>.</summary>
/// <remarks>Source: ggml, block_iq4_xs.</remarks>
internal sealed class IQ4XSFormat() : SuperFormat<IQ4XSBlock>("IQ4_XS", ggmlType: 23, codeGroup: 32)
{
    private const int Groups = 8;
    private const int Bias = 32;
    private const int Steps = 7;
    private static readonly CodeLayout s_codes = CodeLayout.Nibbles(runBytes: 16, length: 256);

    public override bool CanQuantize => true;

    internal override PanelScheme Panels => field ??= new PanelScheme<IQ4XSPanel>(this);

    protected override void ReadCodes(in IQ4XSBlock block, Span<sbyte> codes)
    {
        s_codes.Read(block.Codes, codes);
        CodeValues.LookUp(UnevenLevels.Values, codes);
    }

    protected override void ReadMultiples(
        in IQ4XSBlock block, Span<int> multiples, Span<int> offsetMultiples, out float scale, out float offset)
    {
        (scale, offset) = ((float)block.Scale, 0);
        for (int group = 0; group < Groups; group++)
        {
            int low = (block.LowMultiples[group / 2] >> (4 * (group % 2))) & 15;
            int high = (block.HighMultiples >> (2 * group)) & 3;
            multiples[group] = (low | (high << 4)) - Bias;
        }
    }

    protected override void QuantizeBlock(ReadOnlySpan<float> values, ReadOnlySpan<float> weights, ref IQ4XSBlock block)
    {
        Span<sbyte> multiples = stackalloc sbyte[Groups];
        Span<byte> codes = stackalloc byte[BlockLength];
        var whole = new WeightedGroup(values, weights);
        block.Scale = SuperScaleFit<TableLevels>.Fit(whole, UnevenLevels.Levels, -Bias, Bias - 1, Steps, multiples, codes);
        s_codes.Write(codes, block.Codes);
        for (int group = 0; group < Groups; group++)
        {
            int stored = multiples[group] + Bias;
            block.LowMultiples[group / 2] |= (byte)((stored & 15) << (4 * (group % 2)));
            block.HighMultiples |= (ushort)(stored >> 4 << (2 * group));
        }
    }
}
