using System.Runtime.InteropServices;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.Q40;

/// <summary>32 codes of 4 bits, one scale: 18 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct Q40Block
{
    /// <summary>Value of a step.</summary>
    public Half Scale;

    /// <summary>Low halves: elements 0…15; high halves: 16…31.</summary>
    public Bytes16 Codes;
}
