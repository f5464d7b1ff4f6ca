namespace MoeSharp.Tensors.Kernels.MatMul;

/// <summary>The rows of one k side by side, for a factor that is stored transposed.</summary>
internal readonly struct AcrossBlock : IBlockLayout
{
    /// <inheritdoc/>
    public static int RowStride => 1;

    /// <inheritdoc/>
    public static int DepthStride => BlockChunk.Rows;
}
