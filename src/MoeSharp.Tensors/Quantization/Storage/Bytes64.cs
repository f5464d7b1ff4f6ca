using System.Runtime.CompilerServices;

namespace MoeSharp.Tensors.Quantization.Storage;

/// <summary>64 bytes inside a block.</summary>
[InlineArray(64)]
internal struct Bytes64
{
    private byte _first;
}
