using System.Runtime.InteropServices;
using MoeSharp.Tensors.Quantization.Fitting;
using MoeSharp.Tensors.Quantization.Panels;
using MoeSharp.Tensors.Quantization.Panels.Formats;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.Q6K;

/// <summary>6 bits; groups of 16 with signed scales of 8 bits: <c>scale·multiple·(code − 32)</c>.</summary>
/// <remarks>Source: ggml, block_q6_K.</remarks>
internal sealed class Q6KFormat() : SuperFormat<Q6KBlock>("Q6_K", ggmlType: 14, codeGroup: 16)
{
    private const int Groups = 16;
    private const int Bias = 32;
    private const int Steps = 8;
    private static readonly CodeLayout s_lowBits = CodeLayout.Nibbles(runBytes: 64, length: 256);
    private static readonly CodeLayout s_highBits = CodeLayout.Fields(bits: 2, runBytes: 32, length: 256, up: 4);

    public override bool CanQuantize => true;

    internal override PanelScheme Panels => field ??= new PanelScheme<Q6KPanel>(this);

    protected override void ReadCodes(in Q6KBlock block, Span<sbyte> codes)
    {
        s_lowBits.Read(block.LowBits, codes);
        s_highBits.Read(block.HighBits, codes);
        CodeValues.Subtract(Bias, codes);
    }

    protected override void ReadMultiples(
        in Q6KBlock block, Span<int> multiples, Span<int> offsetMultiples, out float scale, out float offset)
    {
        (scale, offset) = ((float)block.Scale, 0);
        for (int group = 0; group < Groups; group++)
        {
            multiples[group] = (sbyte)block.Multiples[group];
        }
    }

    protected override void QuantizeBlock(ReadOnlySpan<float> values, ReadOnlySpan<float> weights, ref Q6KBlock block)
    {
        Span<byte> codes = stackalloc byte[BlockLength];
        Span<byte> multiples = block.Multiples;
        var levels = new LinearLevels(-Bias, Bias - 1);
        block.Scale = SuperScaleFit<LinearLevels>.Fit(
            new WeightedGroup(values, weights), levels, sbyte.MinValue, sbyte.MaxValue, Steps, MemoryMarshal.Cast<byte, sbyte>(multiples), codes);
        s_lowBits.Write(codes, block.LowBits);
        s_highBits.Write(codes, block.HighBits);
    }
}
