using System.Runtime.CompilerServices;

namespace MoeSharp.Tensors.Quantization.Storage;

/// <summary>48 bytes inside a block.</summary>
[InlineArray(48)]
internal struct Bytes48
{
    private byte _first;
}
