using System.Runtime.InteropServices;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.TQ20;

/// <summary>256 ternary digits of 2 bits: 66 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct TQ20Block
{
    /// <summary>Of every 32 bytes the lowest fields are 32 elements, then the next.</summary>
    public Bytes64 Codes;

    /// <summary>Value of 1.</summary>
    public Half Scale;
}
