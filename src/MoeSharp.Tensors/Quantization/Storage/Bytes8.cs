using System.Runtime.CompilerServices;

namespace MoeSharp.Tensors.Quantization.Storage;

/// <summary>8 bytes inside a block.</summary>
[InlineArray(8)]
internal struct Bytes8
{
    private byte _first;
}
