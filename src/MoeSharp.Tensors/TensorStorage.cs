using System.Runtime.InteropServices;

namespace MoeSharp.Tensors;

/// <summary>A block of native memory, aligned to 64 bytes, freed when nothing refers to it any more.</summary>
/// <remarks>Outside the managed heap: a tensor may exceed 2³¹ elements, never moves, and costs the collector nothing.</remarks>
internal sealed unsafe class TensorStorage
{
    private const nuint Alignment = 64;

    public TensorStorage(long capacity)
    {
        Capacity = capacity;
        nuint bytes = checked((nuint)Math.Max(capacity, 1) * sizeof(float));
        Pointer = (float*)NativeMemory.AlignedAlloc(bytes, Alignment);
        GC.AddMemoryPressure((long)bytes);
    }

    ~TensorStorage()
    {
        NativeMemory.AlignedFree(Pointer);
        GC.RemoveMemoryPressure(Math.Max(Capacity, 1) * sizeof(float));
    }

    /// <summary>First element.</summary>
    public float* Pointer { get; }

    /// <summary>Elements that fit.</summary>
    public long Capacity { get; }
}
