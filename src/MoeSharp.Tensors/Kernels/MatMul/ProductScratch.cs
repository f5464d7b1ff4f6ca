namespace MoeSharp.Tensors.Kernels.MatMul;

/// <summary>Memory that products reuse: packed panels on the calling thread, copies of blocks on every thread. Grows and stays.</summary>
/// <remarks>Apart from the scratch memory of <see cref="Workers"/>, so that a product may run inside another region's item.</remarks>
internal static unsafe class ProductScratch
{
    [ThreadStatic]
    private static TensorStorage? s_panels;

    [ThreadStatic]
    private static TensorStorage? s_blocks;

    /// <summary>Packed panels of one call; shared with the threads that help it.</summary>
    public static float* Panels(long length) => Grow(ref s_panels, length);

    /// <summary>Copies of blocks, and tiles on their way out, of this thread.</summary>
    public static float* Blocks(long length) => Grow(ref s_blocks, length);

    private static float* Grow(ref TensorStorage? storage, long length)
    {
        if (storage is null || storage.Capacity < length)
        {
            storage = new TensorStorage(length);
        }

        return storage.Pointer;
    }
}
