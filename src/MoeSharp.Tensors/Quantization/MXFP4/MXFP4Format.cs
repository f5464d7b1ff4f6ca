using MoeSharp.Tensors.Quantization.Fitting;
using MoeSharp.Tensors.Quantization.Panels;
using MoeSharp.Tensors.Quantization.Panels.Formats;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.MXFP4;

/// <summary>Floats of 4 bits, and a power of two for 32 of them: <c>2^(exponent − 127)·float</c>, as experts of gpt-oss are published.</summary>
/// <remarks>
/// <para>Codes are twice the float, so that they are whole, and the scale is half of the power of two.</para>
/// <para>Source: OCP Microscaling Formats 1.0 (E2M1 with E8M0); order of the halves as ggml, block_mxfp4. As in ggml, exponent 255 is no
/// NaN but 2^128.</para>
/// </remarks>
internal sealed class MXFP4Format() : StructFormat<MXFP4Block>("MXFP4", ggmlType: 39, blockLength: 32, codeGroup: 32)
{
    private const int HighestExponent = 254;
    private static readonly CodeLayout s_codes = CodeLayout.Nibbles(runBytes: 16, length: 32);

    public override bool CanQuantize => true;

    internal override PanelScheme Panels => field ??= new PanelScheme<MXFP4Panel>(this);

    protected override float LargestMagnitude => float.MaxValue;

    protected override float SmallestMagnitude => 0;

    protected override void UnpackBlock(in MXFP4Block block, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        s_codes.Read(block.Codes, codes);
        CodeValues.LookUp(FourBitFloat.Doubled, codes);
        scales[0] = HalfPower(block.Exponent);
    }

    /// <remarks>Tried are the power that puts the largest value among the largest floats (ggml's choice), its double and its half.</remarks>
    protected override void QuantizeBlock(ReadOnlySpan<float> values, ReadOnlySpan<float> weights, ref MXFP4Block block)
    {
        float extreme = new WeightedGroup(values, weights).Extreme();
        if (extreme == 0)
        {
            return;
        }

        // Scaled so that the largest magnitude is in [1, 2): no square can overflow or vanish.
        int exponent = MathF.ILogB(extreme);
        Span<float> scaled = stackalloc float[BlockLength];
        for (int i = 0; i < scaled.Length; i++)
        {
            scaled[i] = MathF.ScaleB(values[i], -exponent);
        }

        var group = new WeightedGroup(scaled, weights);
        int usual = exponent - 2 + 127, best = 0;
        float bestError = float.PositiveInfinity;
        foreach (int stored in (ReadOnlySpan<int>)[usual, usual + 1, usual - 1])
        {
            int possible = Math.Clamp(stored, 0, HighestExponent);
            float error = group.Error(FourBitFloat.Levels, Relative(possible), 0);
            if (error < bestError)
            {
                (best, bestError) = (possible, error);
            }
        }

        float Relative(int stored) => MathF.ScaleB(1, stored - 128 - exponent);

        Span<byte> codes = stackalloc byte[BlockLength];
        group.Codes(FourBitFloat.Levels, Relative(best), 0, codes);
        FourBitFloat.ToCodes(codes);
        block.Exponent = (byte)best;
        s_codes.Write(codes, block.Codes);
    }

    /// <summary>2^(exponent − 128): denormal for 0 and 1.</summary>
    private static float HalfPower(byte exponent) => BitConverter.UInt32BitsToSingle(
        exponent < 2 ? 0x0020_0000u << exponent : (uint)(exponent - 1) << 23);
}
