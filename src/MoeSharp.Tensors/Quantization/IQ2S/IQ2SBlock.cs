using System.Runtime.InteropServices;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.IQ2S;

/// <summary>256 elements as 32 patterns of eight: 82 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct IQ2SBlock
{
    /// <summary>Common scale.</summary>
    public Half Scale;

    /// <summary>Lower 8 bits of the numbers of the patterns.</summary>
    public Bytes32 Patterns;

    /// <summary>A bit an element, set for negative ones.</summary>
    public Bytes32 Signs;

    /// <summary>Upper 2 bits of four numbers.</summary>
    public Bytes8 HighBits;

    /// <summary>Of each 32 elements: scale of the first 16 (low half) and of the last 16.</summary>
    public Bytes8 Multiples;
}
