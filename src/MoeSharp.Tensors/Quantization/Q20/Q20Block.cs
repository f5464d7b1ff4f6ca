using System.Runtime.InteropServices;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.Q20;

/// <summary>64 codes of 2 bits, one scale: 18 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct Q20Block
{
    /// <summary>Value of a step.</summary>
    public Half Scale;

    /// <summary>Four a byte, lowest first.</summary>
    public Bytes16 Codes;
}
