using System.Runtime.InteropServices;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.IQ1S;

/// <summary>256 elements as 32 patterns of eight: 50 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct IQ1SBlock
{
    /// <summary>Common scale.</summary>
    public Half Scale;

    /// <summary>Lower 8 bits of the numbers of the patterns.</summary>
    public Bytes32 Patterns;

    /// <summary>Of each 32 elements a word: 4 times the upper 3 bits, 3 bits of scale, and on top the sign of the shift.</summary>
    public Bytes16 HighBits;
}
