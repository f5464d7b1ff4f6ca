namespace MoeSharp.Tensors.Kernels.MatMul;

/// <summary>How a thread lays out its chunk of the block side; constants, so that tiles need no address arithmetic.</summary>
internal interface IBlockLayout
{
    /// <summary>From one row to the next, in elements.</summary>
    static abstract int RowStride { get; }

    /// <summary>From one k to the next, in elements.</summary>
    static abstract int DepthStride { get; }
}
