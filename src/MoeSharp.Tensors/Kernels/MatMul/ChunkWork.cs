using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels.MatMul;

/// <summary>The second region: an item is a chunk of block rows times up to <see cref="ChunkKernel.Columns"/> panel rows of one product.</summary>
internal readonly unsafe struct ChunkWork<TGroups, TLanes>(TGroups groups, float* packed, int chunkRows, int columnParts, int threads) : IWork
    where TGroups : struct, IProductGroups
    where TLanes : struct, ILanes<TLanes>
{
    private readonly TGroups _groups = groups;
    private readonly int _chunks = (groups.BlockRows + chunkRows - 1) / chunkRows;

    /// <summary>Count of items; some are empty when products differ in size.</summary>
    public int Items => _groups.Count * columnParts * _chunks;

    /// <inheritdoc/>
    public void Run(int item, int worker)
    {
        Locate(item, out Product product, out int firstRow, out int firstColumn);
        int columns = Math.Min(ChunkKernel.Columns, product.PanelRows - firstColumn);
        int rows = Math.Min(chunkRows, product.BlockRows - firstRow);
        if (columns <= 0 || rows <= 0)
        {
            return;
        }

        if (product.HasFewRows && TLanes.Count >= Lanes256.Count)
        {
            FewRowsKernel.Run(
                product.Panels.Pointer, product.Panels.RowStride, product.PanelRows, product.Blocks.FromRow(firstRow).Pointer,
                product.Blocks.RowStride, product.Depth, rows, product.C + firstRow, product.PanelStride, product.Accumulate);
            return;
        }

        if (product.HasEightRows && TLanes.Count >= Lanes256.Count)
        {
            EightRowsKernel.Run(
                packed + product.PackedOffset, product.PanelRows, product.Blocks.FromRow(firstRow).Pointer, product.Blocks.RowStride,
                product.Depth, rows, product.C + firstRow, product.PanelStride, product.Accumulate);
            return;
        }

        float* scratch = ProductScratch.Blocks(ChunkKernel.ScratchLength);
        AheadStream ahead = Ahead(item + threads);
        if (product.Blocks.RowStride == 1)
        {
            ChunkKernel.Run<TLanes, AcrossBlock>(product, packed + product.PackedOffset, scratch, firstRow, rows, firstColumn, columns, ref ahead);
        }
        else
        {
            ChunkKernel.Run<TLanes, AlongBlock>(product, packed + product.PackedOffset, scratch, firstRow, rows, firstColumn, columns, ref ahead);
        }
    }

    /// <summary>Chunks run fastest, so that the panels of a part stay in the second-level cache.</summary>
    private void Locate(int item, out Product product, out int firstRow, out int firstColumn)
    {
        int chunk = item % _chunks, rest = item / _chunks;
        product = _groups[rest / columnParts];
        firstRow = chunk * chunkRows;
        firstColumn = rest % columnParts * ChunkKernel.Columns;
    }

    /// <summary>What this thread will probably do next: the item after those that the others take meanwhile.</summary>
    private AheadStream Ahead(int item)
    {
        if (item >= Items)
        {
            return default;
        }

        Locate(item, out Product product, out int firstRow, out int firstColumn);
        return firstColumn < product.PanelRows && firstRow < product.BlockRows
            ? new AheadStream(product.Blocks.FromRow(firstRow), Math.Min(chunkRows, product.BlockRows - firstRow), product.Depth)
            : default;
    }
}
