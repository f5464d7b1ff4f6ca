namespace MoeSharp.Tensors.Kernels.MatMul;

/// <summary>Products of the weight of each expert (panel side) with the expert's rows (block side): forward and input gradient with few, well-filled experts.</summary>
/// <remarks>Rearranges all weights, which many rows of each expert pay back; <see cref="RowGroups"/> is for many experts or few rows.</remarks>
internal readonly unsafe struct WeightGroups(Product whole, int* offsets, int experts, int mostRows, long weightLength) : IProductGroups
{
    private readonly Product _whole = whole;

    /// <inheritdoc/>
    public int Count => experts;

    /// <inheritdoc/>
    public int BlockRows => mostRows;

    /// <inheritdoc/>
    public long PackedLength => experts * PanelLength;

    private long PanelLength => (long)Panel.Padded(_whole.PanelRows) * _whole.Depth;

    /// <inheritdoc/>
    public Product this[int group]
    {
        get
        {
            int first = offsets[group];
            Product product = _whole;
            product.Panels = new MatrixOperand(
                _whole.Panels.Pointer + (group * weightLength), _whole.Panels.RowStride, _whole.Panels.DepthStride);
            product.Blocks = _whole.Blocks.FromRow(first);
            product.BlockRows = offsets[group + 1] - first;
            product.PanelRows = product.BlockRows == 0 ? 0 : _whole.PanelRows; // nobody asks for this weight
            product.C = _whole.C + (first * _whole.BlockStride);
            product.PackedOffset = group * PanelLength;
            return product;
        }
    }
}
