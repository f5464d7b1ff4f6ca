using System.Runtime.InteropServices;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.IQ3XXS;

/// <summary>256 elements as 64 patterns of four: 98 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct IQ3XXSBlock
{
    /// <summary>Common scale.</summary>
    public Half Scale;

    /// <summary>Numbers of the patterns.</summary>
    public Bytes64 Patterns;

    /// <summary>Of each 32 elements a word: 4 times 7 signs and, on top, 4 bits of scale.</summary>
    public Bytes32 SignsAndMultiples;
}
