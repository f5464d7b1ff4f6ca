namespace MoeSharp.Tensors.Kernels.MatMul;

/// <summary>The first region: packs the panels of all products.</summary>
/// <remarks>An item is one panel where k is contiguous, else a slab of its depth, so that few panels are packed by all threads too.</remarks>
internal readonly unsafe struct PackWork<TGroups>(TGroups groups, float* packed, int widest) : IWork
    where TGroups : struct, IProductGroups
{
    private const int FewRowsWidth = 16; // panels of 256-bit lanes
    private const int SlabDepth = 512;

    private readonly TGroups _groups = groups;

    /// <summary>Count of items of all products.</summary>
    public int Items()
    {
        int items = 0;
        for (int group = 0; group < _groups.Count; group++)
        {
            items += ItemsOf(_groups[group]);
        }

        return items;
    }

    /// <inheritdoc/>
    public void Run(int item, int worker)
    {
        int group = 0;
        Product product = _groups[0];
        for (int items = ItemsOf(product); item >= items; items = ItemsOf(product))
        {
            item -= items;
            product = _groups[++group];
        }

        float* target = packed + product.PackedOffset;
        if (product.Panels.RowStride != 1)
        {
            int first = item * widest, rows = Math.Min(widest, product.PanelRows - first);
            Panel.PackAlong(product.Panels.FromRow(first), rows, Panel.Width(rows, widest), product.Depth, target + ((long)first * product.Depth));
            return;
        }

        int slabs = Parts(product.Depth, SlabDepth), start = item / slabs * widest, k = item % slabs * SlabDepth;
        Panel.PackAcross(
            product.Panels.FromRow(start).FromDepth(k), Math.Min(widest, product.PanelRows - start), widest,
            Math.Min(SlabDepth, product.Depth - k), product.Depth, k, target + ((long)start * product.Depth));
    }

    private int ItemsOf(in Product product) => product.HasFewRows && widest >= FewRowsWidth ? 0
        : product.Panels.RowStride != 1
        ? Parts(product.PanelRows, widest)
        : Parts(product.PanelRows, widest) * Parts(product.Depth, SlabDepth);

    private static int Parts(int whole, int part) => (whole + part - 1) / part;
}
