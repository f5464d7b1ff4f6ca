namespace MoeSharp.Tensors.Kernels.MatMul;

/// <summary>Products of the rows of each expert (panel side) with the expert's own weight (block side): forward and input gradient.</summary>
/// <remarks>The rows lie along the lanes, so the weight, which is large and used by few rows, is read once and never rearranged.</remarks>
internal readonly unsafe struct RowGroups(Product whole, int* offsets, int experts, long weightLength) : IProductGroups
{
    private readonly Product _whole = whole;

    /// <inheritdoc/>
    public int Count => experts;

    /// <inheritdoc/>
    public int BlockRows => _whole.BlockRows;

    /// <inheritdoc/>
    public long PackedLength => Start(experts) * _whole.Depth;

    /// <inheritdoc/>
    public Product this[int group]
    {
        get
        {
            int first = offsets[group];
            Product product = _whole;
            product.Panels = _whole.Panels.FromRow(first);
            product.PanelRows = offsets[group + 1] - first;
            product.Blocks = new MatrixOperand(
                _whole.Blocks.Pointer + (group * weightLength), _whole.Blocks.RowStride, _whole.Blocks.DepthStride);
            product.C = _whole.C + (first * _whole.PanelStride);
            product.PackedOffset = Start(group) * _whole.Depth;
            return product;
        }
    }

    /// <summary>First packed row of an expert: a multiple of 16, and far enough from its neighbours for the padding of the last panel (at most 15 rows).</summary>
    private long Start(int group) => (((long)offsets[group] + 15) & ~15) + (32L * group);
}
