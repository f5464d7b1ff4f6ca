using System.Runtime.InteropServices;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.Q4K;

/// <summary>256 codes of 4 bits in 8 groups, each with a scale and an offset of 6 bits: 144 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct Q4KBlock
{
    /// <summary>Common scale.</summary>
    public Half Scale;

    /// <summary>Common offset, subtracted.</summary>
    public Half Offset;

    /// <summary>Multiples of scale and offset of each group: see <see cref="Storage.SixBitPairs"/>.</summary>
    public Bytes12 Multiples;

    /// <summary>Of every 32 bytes the low halves are 32 elements, the high halves the next 32.</summary>
    public Bytes128 Codes;
}
