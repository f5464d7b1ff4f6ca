using System.Runtime.InteropServices;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.IQ1M;

/// <summary>256 elements as 32 patterns of eight: 56 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct IQ1MBlock
{
    /// <summary>Lower 8 bits of the numbers of the patterns.</summary>
    public Bytes32 Patterns;

    /// <summary>Of each 16 elements: upper 3 bits and the sign of the shift, twice.</summary>
    public Bytes16 HighBits;

    /// <summary>Four words: 4 times 3 bits of scale, and on top a quarter of the common scale (16-bit float, lowest quarter first).</summary>
    public Bytes8 Multiples;
}
