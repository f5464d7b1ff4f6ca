using System.Runtime.InteropServices;

namespace MoeSharp.Tensors;

/// <summary>A block of native memory, aligned to 64 bytes, freed when nothing refers to it any more.</summary>
/// <remarks>Outside the managed heap: a tensor may exceed 2³¹ elements, never moves, and costs the collector nothing.
/// From 4 MiB on it lies on large pages where the system grants them.</remarks>
internal sealed unsafe class TensorStorage
{
    private const nuint Alignment = 64;
    private const nuint Large = 2 * HugePages.Size;

    public TensorStorage(long capacity)
    {
        Capacity = capacity;
        nuint bytes = checked((nuint)Math.Max(capacity, 1) * sizeof(float));
        if (bytes >= Large)
        {
            Pointer = (float*)NativeMemory.AlignedAlloc(bytes, HugePages.Size);
            HugePages.Ask(Pointer, bytes);
        }
        else
        {
            Pointer = (float*)NativeMemory.AlignedAlloc(bytes, Alignment);
        }

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
