namespace MoeSharp.Tensors.Kernels.MatMul;

/// <summary>Rows of contiguous k, as they come; the stride is no power of two, so rows do not meet in one cache set.</summary>
internal readonly struct AlongBlock : IBlockLayout
{
    /// <inheritdoc/>
    public static int RowStride => BlockChunk.Depth + 16;

    /// <inheritdoc/>
    public static int DepthStride => 1;
}
