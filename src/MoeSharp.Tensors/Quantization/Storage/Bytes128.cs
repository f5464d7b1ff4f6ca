using System.Runtime.CompilerServices;

namespace MoeSharp.Tensors.Quantization.Storage;

/// <summary>128 bytes inside a block.</summary>
[InlineArray(128)]
internal struct Bytes128
{
    private byte _first;
}
