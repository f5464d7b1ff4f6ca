using System.Runtime.CompilerServices;

namespace MoeSharp.Tensors.Quantization.Storage;

/// <summary>256 bytes inside a block.</summary>
[InlineArray(256)]
internal struct Bytes256
{
    private byte _first;
}
