using System.Runtime.InteropServices;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.MXFP4;

/// <summary>32 floats of 4 bits (1 sign, 2 exponent, 1 mantissa), a power of two for all: 17 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct MXFP4Block
{
    /// <summary>The scale is 2 to the power of this minus 127.</summary>
    public byte Exponent;

    /// <summary>Low halves: elements 0…15; high halves: 16…31.</summary>
    public Bytes16 Codes;
}
