using System.Runtime.InteropServices;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.Q51;

/// <summary>32 codes of 5 bits, a scale and an offset: 24 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct Q51Block
{
    /// <summary>Value of a step.</summary>
    public Half Scale;

    /// <summary>Value of code 0.</summary>
    public Half Offset;

    /// <summary>Bit 4 of each code, in order.</summary>
    public Bytes4 HighBits;

    /// <summary>Low halves: elements 0…15; high halves: 16…31.</summary>
    public Bytes16 LowBits;
}
