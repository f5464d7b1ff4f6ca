using System.Runtime.InteropServices;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.IQ3S;

/// <summary>256 elements as 64 patterns of four: 110 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct IQ3SBlock
{
    /// <summary>Common scale.</summary>
    public Half Scale;

    /// <summary>Lower 8 bits of the numbers of the patterns.</summary>
    public Bytes64 Patterns;

    /// <summary>Upper bit of eight numbers.</summary>
    public Bytes8 HighBits;

    /// <summary>A bit an element, set for negative ones.</summary>
    public Bytes32 Signs;

    /// <summary>Scales of groups of 32, two a byte.</summary>
    public Bytes4 Multiples;
}
