using System.Runtime.InteropServices;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.IQ2XS;

/// <summary>256 elements as 32 patterns of eight: 74 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct IQ2XSBlock
{
    /// <summary>Common scale.</summary>
    public Half Scale;

    /// <summary>Words of a 9-bit number of a pattern and, above, 7 signs.</summary>
    public Bytes64 Patterns;

    /// <summary>Of each 32 elements: scale of the first 16 (low half) and of the last 16.</summary>
    public Bytes8 Multiples;
}
