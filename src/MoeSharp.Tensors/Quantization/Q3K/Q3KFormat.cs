using MoeSharp.Tensors.Quantization.Fitting;
using MoeSharp.Tensors.Quantization.Panels;
using MoeSharp.Tensors.Quantization.Panels.Formats;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.Q3K;

/// <summary>3 bits; groups of 16 with signed scales of 6 bits: <c>scale·multiple·(code − 4)</c>.</summary>
/// <remarks>Source: ggml, block_q3_K.</remarks>
internal sealed class Q3KFormat() : SuperFormat<Q3KBlock>("Q3_K", ggmlType: 11, codeGroup: 16)
{
    private const int Groups = 16;
    private const int Bias = 4;
    private const int MultipleBias = 32;
    private const int Steps = 8;
    private static readonly CodeLayout s_lowBits = CodeLayout.Fields(bits: 2, runBytes: 32, length: 256, up: 0);
    private static readonly CodeLayout s_highBits = CodeLayout.Fields(bits: 1, runBytes: 32, length: 256, up: 2);

    public override bool CanQuantize => true;

    internal override PanelScheme Panels => field ??= new PanelScheme<Q3KPanel>(this);

    protected override void ReadCodes(in Q3KBlock block, Span<sbyte> codes)
    {
        s_lowBits.Read(block.LowBits, codes);
        s_highBits.Read(block.HighBits, codes);
        CodeValues.Subtract(Bias, codes);
    }

    protected override void ReadMultiples(
        in Q3KBlock block, Span<int> multiples, Span<int> offsetMultiples, out float scale, out float offset)
    {
        (scale, offset) = ((float)block.Scale, 0);
        for (int group = 0; group < Groups; group++)
        {
            multiples[group] = SixBitScales.Read(block.Multiples, group);
        }
    }

    protected override void QuantizeBlock(ReadOnlySpan<float> values, ReadOnlySpan<float> weights, ref Q3KBlock block)
    {
        Span<sbyte> multiples = stackalloc sbyte[Groups];
        Span<byte> codes = stackalloc byte[BlockLength];
        var levels = new LinearLevels(-Bias, Bias - 1);
        block.Scale = SuperScaleFit<LinearLevels>.Fit(
            new WeightedGroup(values, weights), levels, -MultipleBias, MultipleBias - 1, Steps, multiples, codes);
        SixBitScales.Write(multiples, block.Multiples);
        s_lowBits.Write(codes, block.LowBits);
        s_highBits.Write(codes, block.HighBits);
    }
}
