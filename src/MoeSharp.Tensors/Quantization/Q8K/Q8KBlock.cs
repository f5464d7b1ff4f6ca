using System.Runtime.InteropServices;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.Q8K;

/// <summary>256 codes of 8 bits, a 32-bit scale and sums of the codes: 292 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct Q8KBlock
{
    /// <summary>Value of a step.</summary>
    public float Scale;

    /// <summary>Signed bytes.</summary>
    public Bytes256 Codes;

    /// <summary>Sums of 16 codes each, as 16-bit words; not needed for the values.</summary>
    public Bytes32 Sums;
}
