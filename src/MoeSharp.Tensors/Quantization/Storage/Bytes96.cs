using System.Runtime.CompilerServices;

namespace MoeSharp.Tensors.Quantization.Storage;

/// <summary>96 bytes inside a block.</summary>
[InlineArray(96)]
internal struct Bytes96
{
    private byte _first;
}
