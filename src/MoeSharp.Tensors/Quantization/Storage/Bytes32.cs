using System.Runtime.CompilerServices;

namespace MoeSharp.Tensors.Quantization.Storage;

/// <summary>32 bytes inside a block.</summary>
[InlineArray(32)]
internal struct Bytes32
{
    private byte _first;
}
