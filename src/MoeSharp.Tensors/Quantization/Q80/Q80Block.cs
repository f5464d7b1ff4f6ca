using System.Runtime.InteropServices;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.Q80;

/// <summary>32 codes of 8 bits, one scale: 34 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct Q80Block
{
    /// <summary>Value of a step.</summary>
    public Half Scale;

    /// <summary>Signed bytes.</summary>
    public Bytes32 Codes;
}
