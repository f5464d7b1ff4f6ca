using System.Runtime.InteropServices;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.IQ2XXS;

/// <summary>256 elements as 32 patterns of eight: 66 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct IQ2XXSBlock
{
    /// <summary>Common scale.</summary>
    public Half Scale;

    /// <summary>Of each 32 elements: 4 numbers of patterns, then a word of 4 times 7 signs and, on top, 4 bits of scale.</summary>
    public Bytes64 Patterns;
}
