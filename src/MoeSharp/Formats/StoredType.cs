namespace MoeSharp.Formats;

/// <summary>How the elements of a tensor are written in a file.</summary>
/// <remarks>
/// <para>The order of the first ones is that of the safetensors library (0.8.0), by rising size: files list larger types first, so
/// that every tensor lies on a multiple of its element size. Only append.</para>
/// <para>Those from <see cref="Q40"/> on are GGUF's: blocks of elements with common scales. Their names in files have
/// underscores (<c>Q4_0</c>, <c>IQ4_XS</c>), see <see cref="StoredTypeFacts.Name"/>.</para>
/// </remarks>
public enum StoredType
{
    /// <summary>One byte, 0 or 1 (other values are not checked).</summary>
    Bool,

    /// <summary>4-bit float, two a byte.</summary>
    F4,

    /// <summary>6-bit float, 2 exponent and 3 mantissa bits, four in three bytes.</summary>
    F6E2M3,

    /// <summary>6-bit float, 3 exponent and 2 mantissa bits, four in three bytes.</summary>
    F6E3M2,

    /// <summary>Unsigned 8-bit integer.</summary>
    U8,

    /// <summary>Signed 8-bit integer.</summary>
    I8,

    /// <summary>8-bit float, 5 exponent and 2 mantissa bits.</summary>
    F8E5M2,

    /// <summary>8-bit float, 4 exponent and 3 mantissa bits, no infinities.</summary>
    F8E4M3,

    /// <summary>8-bit power of two: a scale of a block.</summary>
    F8E8M0,

    /// <summary>8-bit float, 4 exponent and 3 mantissa bits, one zero, one NaN.</summary>
    F8E4M3Fnuz,

    /// <summary>8-bit float, 5 exponent and 2 mantissa bits, one zero, one NaN.</summary>
    F8E5M2Fnuz,

    /// <summary>Signed 16-bit integer.</summary>
    I16,

    /// <summary>Unsigned 16-bit integer.</summary>
    U16,

    /// <summary>IEEE 754 binary16.</summary>
    F16,

    /// <summary>The upper half of a binary32.</summary>
    BF16,

    /// <summary>Signed 32-bit integer.</summary>
    I32,

    /// <summary>Unsigned 32-bit integer.</summary>
    U32,

    /// <summary>IEEE 754 binary32.</summary>
    F32,

    /// <summary>Two binary32: real, imaginary.</summary>
    C64,

    /// <summary>IEEE 754 binary64.</summary>
    F64,

    /// <summary>Signed 64-bit integer.</summary>
    I64,

    /// <summary>Unsigned 64-bit integer.</summary>
    U64,

    /// <summary>Blocks of 32: 4-bit codes, a scale.</summary>
    Q40,

    /// <summary>Blocks of 32: 4-bit codes, a scale and a minimum.</summary>
    Q41,

    /// <summary>Blocks of 32: 5-bit codes, a scale.</summary>
    Q50,

    /// <summary>Blocks of 32: 5-bit codes, a scale and a minimum.</summary>
    Q51,

    /// <summary>Blocks of 32: 8-bit codes, a scale.</summary>
    Q80,

    /// <summary>Blocks of 32: 8-bit codes, a scale and a sum; for activations.</summary>
    Q81,

    /// <summary>Blocks of 256: 2-bit codes, 4-bit scales and minima for 16 elements each.</summary>
    Q2K,

    /// <summary>Blocks of 256: 3-bit codes, 6-bit scales for 16 elements each.</summary>
    Q3K,

    /// <summary>Blocks of 256: 4-bit codes, 6-bit scales and minima for 32 elements each.</summary>
    Q4K,

    /// <summary>Blocks of 256: 5-bit codes, 6-bit scales and minima for 32 elements each.</summary>
    Q5K,

    /// <summary>Blocks of 256: 6-bit codes, 8-bit scales for 16 elements each.</summary>
    Q6K,

    /// <summary>Blocks of 256: 8-bit codes, a scale and sums; for activations.</summary>
    Q8K,

    /// <summary>Blocks of 256: about 2.1 bits, codebook of 8 elements.</summary>
    IQ2XXS,

    /// <summary>Blocks of 256: about 2.3 bits, codebook of 8 elements.</summary>
    IQ2XS,

    /// <summary>Blocks of 256: about 3.1 bits, codebook of 4 elements.</summary>
    IQ3XXS,

    /// <summary>Blocks of 256: about 1.6 bits, codebook of 8 elements.</summary>
    IQ1S,

    /// <summary>Blocks of 32: 4-bit codes into a table of 16 values.</summary>
    IQ4NL,

    /// <summary>Blocks of 256: about 3.4 bits, codebook of 4 elements.</summary>
    IQ3S,

    /// <summary>Blocks of 256: about 2.6 bits, codebook of 8 elements.</summary>
    IQ2S,

    /// <summary>Blocks of 256: 4-bit codes into a table of 16 values, 6-bit scales.</summary>
    IQ4XS,

    /// <summary>Blocks of 256: about 1.75 bits, codebook of 8 elements.</summary>
    IQ1M,

    /// <summary>Blocks of 256: three values, five in a byte.</summary>
    TQ10,

    /// <summary>Blocks of 256: three values, four in a byte.</summary>
    TQ20,

    /// <summary>Blocks of 32: 4-bit floats, a power of two.</summary>
    MXFP4,

    /// <summary>Blocks of 64: 4-bit floats, an 8-bit float scale for 16 elements each.</summary>
    NVFP4,

    /// <summary>Blocks of 128: signs, a scale.</summary>
    Q10,

    /// <summary>Blocks of 64: 2-bit codes, a scale.</summary>
    Q20,
}
