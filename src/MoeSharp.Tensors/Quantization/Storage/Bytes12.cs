using System.Runtime.CompilerServices;

namespace MoeSharp.Tensors.Quantization.Storage;

/// <summary>12 bytes inside a block.</summary>
[InlineArray(12)]
internal struct Bytes12
{
    private byte _first;
}
