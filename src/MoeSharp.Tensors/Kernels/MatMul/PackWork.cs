namespace MoeSharp.Tensors.Kernels.MatMul;

/// <summary>The first region: packs panel after panel, of all products.</summary>
internal readonly unsafe struct PackWork<TGroups>(TGroups groups, float* packed, int widest) : IWork
    where TGroups : struct, IProductGroups
{
    private readonly TGroups _groups = groups;

    /// <summary>Count of items: panels of all products.</summary>
    public static int Items(TGroups groups, int widest)
    {
        int items = 0;
        for (int group = 0; group < groups.Count; group++)
        {
            items += Panels(groups[group].PanelRows, widest);
        }

        return items;
    }

    /// <inheritdoc/>
    public void Run(int item, int worker)
    {
        int group = 0, panel = item;
        while (true)
        {
            int panels = Panels(_groups[group].PanelRows, widest);
            if (panel < panels)
            {
                break;
            }

            panel -= panels;
            group++;
        }

        Product product = _groups[group];
        int first = panel * widest, rows = Math.Min(widest, product.PanelRows - first);
        Panel.Pack(
            product.Panels.FromRow(first), rows, Panel.Width(rows, widest), product.Depth, packed + product.PackedOffset + ((long)first * product.Depth));
    }

    private static int Panels(int rows, int widest) => (rows + widest - 1) / widest;
}
