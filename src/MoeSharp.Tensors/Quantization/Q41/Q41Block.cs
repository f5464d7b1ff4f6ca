using System.Runtime.InteropServices;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.Q41;

/// <summary>32 codes of 4 bits, a scale and an offset: 20 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct Q41Block
{
    /// <summary>Value of a step.</summary>
    public Half Scale;

    /// <summary>Value of code 0.</summary>
    public Half Offset;

    /// <summary>Low halves: elements 0…15; high halves: 16…31.</summary>
    public Bytes16 Codes;
}
