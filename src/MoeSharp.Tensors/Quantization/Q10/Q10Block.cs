using System.Runtime.InteropServices;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.Q10;

/// <summary>128 signs and their magnitude: 18 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct Q10Block
{
    /// <summary>The magnitude.</summary>
    public Half Scale;

    /// <summary>A bit an element, set for positive ones.</summary>
    public Bytes16 Signs;
}
