using System.Runtime.InteropServices;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.TQ10;

/// <summary>256 ternary digits, five a byte: 54 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct TQ10Block
{
    /// <summary>Fractions of 3⁵: the first digit is the highest.</summary>
    public Bytes48 Fives;

    /// <summary>The same with four digits.</summary>
    public Bytes4 Fours;

    /// <summary>Value of 1.</summary>
    public Half Scale;
}
