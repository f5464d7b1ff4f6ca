using System.Runtime.CompilerServices;

namespace MoeSharp.Tensors.Quantization.Storage;

/// <summary>16 bytes inside a block.</summary>
[InlineArray(16)]
internal struct Bytes16
{
    private byte _first;
}
