using System.Runtime.InteropServices;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.Q3K;

/// <summary>256 codes of 3 bits in 16 groups, each with a signed scale of 6 bits: 110 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct Q3KBlock
{
    /// <summary>Bit k of byte i belongs to element 32·k + i.</summary>
    public Bytes32 HighBits;

    /// <summary>Of every 32 bytes the lowest fields are 32 elements, then the next.</summary>
    public Bytes64 LowBits;

    /// <summary>Multiples of the scale plus 32: see <see cref="Storage.SixBitScales"/>.</summary>
    public Bytes12 Multiples;

    /// <summary>Common scale.</summary>
    public Half Scale;
}
