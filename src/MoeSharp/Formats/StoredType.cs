namespace MoeSharp.Formats;

/// <summary>How the elements of a tensor are written in a file.</summary>
/// <remarks>
/// <para>The order is that of the safetensors library (0.8.0), by rising size: files list larger types first, so that every
/// tensor lies on a multiple of its element size. Only append.</para>
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
}
