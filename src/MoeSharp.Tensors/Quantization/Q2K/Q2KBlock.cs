using System.Runtime.InteropServices;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.Q2K;

/// <summary>256 codes of 2 bits in 16 groups, each with a scale and an offset of 4 bits: 84 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct Q2KBlock
{
    /// <summary>Of each group: multiple of the scale (low half) and of the offset (high half).</summary>
    public Bytes16 Multiples;

    /// <summary>Of every 32 bytes the lowest fields are 32 elements, then the next.</summary>
    public Bytes64 Codes;

    /// <summary>Common scale.</summary>
    public Half Scale;

    /// <summary>Common offset, subtracted.</summary>
    public Half Offset;
}
