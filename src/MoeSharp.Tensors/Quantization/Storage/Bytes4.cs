using System.Runtime.CompilerServices;

namespace MoeSharp.Tensors.Quantization.Storage;

/// <summary>4 bytes inside a block.</summary>
[InlineArray(4)]
internal struct Bytes4
{
    private byte _first;
}
