using System.Runtime.InteropServices;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.IQ4NL;

/// <summary>32 codes of 4 bits for uneven levels, one scale: 18 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct IQ4NLBlock
{
    /// <summary>Value of level 1.</summary>
    public Half Scale;

    /// <summary>Low halves: elements 0…15; high halves: 16…31.</summary>
    public Bytes16 Codes;
}
