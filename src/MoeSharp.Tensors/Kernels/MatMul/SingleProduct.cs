namespace MoeSharp.Tensors.Kernels.MatMul;

/// <summary>One product alone.</summary>
internal readonly struct SingleProduct(Product product) : IProductGroups
{
    private readonly Product _product = product;

    /// <inheritdoc/>
    public int Count => 1;

    /// <inheritdoc/>
    public int BlockRows => _product.BlockRows;

    /// <inheritdoc/>
    public long PackedLength => (long)Panel.Padded(_product.PanelRows) * _product.Depth;

    /// <inheritdoc/>
    public Product this[int group] => _product;
}
