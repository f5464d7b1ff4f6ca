using System.Runtime.InteropServices;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.Q6K;

/// <summary>256 codes of 6 bits in 16 groups, each with a signed scale of 8 bits: 210 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct Q6KBlock
{
    /// <summary>Of every 64 bytes the low halves are 64 elements, the high halves the next 64.</summary>
    public Bytes128 LowBits;

    /// <summary>Of every 32 bytes the lowest fields are 32 elements, then the next.</summary>
    public Bytes64 HighBits;

    /// <summary>Multiples of the scale, signed bytes.</summary>
    public Bytes16 Multiples;

    /// <summary>Common scale.</summary>
    public Half Scale;
}
