using System.Runtime.InteropServices;

namespace MoeSharp.Tensors;

/// <summary>A counter on cache lines of its own, so that threads that count do not disturb threads that read neighbours.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct PaddedCounter
{
    [FieldOffset(128)]
    public int Value;
}
