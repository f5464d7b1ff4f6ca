namespace MoeSharp.Tensors.Kernels.MatMul;

/// <summary>Products that sum over the rows of each expert: the weight gradients.</summary>
internal readonly unsafe struct DepthGroups(Product whole, int* offsets, int experts, long weightLength) : IProductGroups
{
    private readonly Product _whole = whole;

    /// <inheritdoc/>
    public int Count => experts;

    /// <inheritdoc/>
    public int BlockRows => _whole.BlockRows;

    /// <inheritdoc/>
    public long PackedLength => (long)offsets[experts] * Panel.Padded(_whole.PanelRows);

    /// <inheritdoc/>
    public Product this[int group]
    {
        get
        {
            long first = offsets[group];
            Product product = _whole;
            product.Panels = _whole.Panels.FromDepth(first);
            product.Blocks = _whole.Blocks.FromDepth(first);
            product.Depth = offsets[group + 1] - (int)first;
            product.C = _whole.C + (group * weightLength);
            product.PackedOffset = first * Panel.Padded(_whole.PanelRows);
            return product;
        }
    }
}
