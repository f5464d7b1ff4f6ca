using System.Runtime.InteropServices;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.IQ4XS;

/// <summary>256 codes of 4 bits for uneven levels in 8 groups, each with a signed scale of 6 bits: 136 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct IQ4XSBlock
{
    /// <summary>Common scale.</summary>
    public Half Scale;

    /// <summary>Upper 2 bits of the multiple of each group, plus 32.</summary>
    public ushort HighMultiples;

    /// <summary>Lower 4 bits of the multiple of each group, two a byte.</summary>
    public Bytes4 LowMultiples;

    /// <summary>Of every 16 bytes the low halves are 16 elements, the high halves the next 16.</summary>
    public Bytes128 Codes;
}
