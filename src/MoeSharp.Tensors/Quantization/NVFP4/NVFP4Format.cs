using MoeSharp.Tensors.Quantization.MXFP4;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.NVFP4;

/// <summary>Floats of 4 bits; groups of 16 with scales of 8 bits: <c>scale·float</c>.</summary>
/// <remarks>
/// <para>Codes are twice the float, so that they are whole, and scales are halved. A scale of 127 is read as 0, as in ggml.</para>
/// <para>Source: ggml, block_nvfp4.</para>
/// </remarks>
internal sealed class NVFP4Format() : StructFormat<NVFP4Block>("NVFP4", ggmlType: 40, blockLength: 64, codeGroup: 16)
{
    private const int NaN = 0x7F;
    private static readonly CodeLayout s_codes = CodeLayout.Nibbles(runBytes: 8, length: 64);

    protected override void UnpackBlock(in NVFP4Block block, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        s_codes.Read(block.Codes, codes);
        CodeValues.LookUp(FourBitFloat.Doubled, codes);
        for (int group = 0; group < scales.Length; group++)
        {
            scales[group] = HalfOf(block.Scales[group]);
        }
    }

    /// <summary>Half of an unsigned float with 4 bits of exponent (bias 7) and 3 of mantissa; ggml ignores bit 7 of normal numbers.</summary>
    private static float HalfOf(byte bits)
    {
        if (bits is 0 or NaN)
        {
            return 0;
        }

        int exponent = (bits >> 3) & 15, mantissa = bits & 7;
        return exponent == 0 ? MathF.ScaleB(mantissa, -10) : MathF.ScaleB(8 + mantissa, exponent - 11);
    }
}
