using System.Runtime.InteropServices;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.NVFP4;

/// <summary>64 floats of 4 bits in 4 groups, each with a scale of 8 bits: 36 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct NVFP4Block
{
    /// <summary>Unsigned floats: 4 bits of exponent, 3 of mantissa.</summary>
    public Bytes4 Scales;

    /// <summary>Of every 8 bytes the low halves are 8 elements, the high halves the next 8.</summary>
    public Bytes32 Codes;
}
