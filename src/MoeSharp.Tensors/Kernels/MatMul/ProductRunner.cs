using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels.MatMul;

/// <summary>Runs a list of products on all threads: one region packs the panels, a second one multiplies.</summary>
internal static unsafe class ProductRunner
{
    /// <summary>Below this, packing is not worth a region of its own.</summary>
    private const long SmallPack = 16 * 1024;

    /// <summary>Up to so many multiply-adds, other threads come too late.</summary>
    private const long SmallWork = 64 * 1024;

    /// <summary>Items a thread should find, so that the last ones even out.</summary>
    private const int ItemsPerThread = 12;

    /// <summary>Runs all products with vectors of <paramref name="simdWidth"/> bits (0: the scalar definition).</summary>
    public static void Run<TGroups>(Workers workers, TGroups groups, int simdWidth)
        where TGroups : struct, IProductGroups
    {
        switch (simdWidth)
        {
            case 512:
                Run<TGroups, Lanes512>(workers, groups);
                break;
            case 256:
                Run<TGroups, Lanes256>(workers, groups);
                break;
            case 128:
                Run<TGroups, Lanes128>(workers, groups);
                break;
            default:
                workers.Run(groups.Count * groups.BlockRows, new ScalarWork<TGroups>(groups));
                break;
        }
    }

    private static void Run<TGroups, TLanes>(Workers workers, TGroups groups)
        where TGroups : struct, IProductGroups
        where TLanes : struct, ILanes<TLanes>
    {
        int widest = 2 * TLanes.Count;
        float* packed = ProductScratch.Panels(groups.PackedLength);
        var pack = new PackWork<TGroups>(groups, packed, widest);
        int packs = pack.Items();
        if (groups.PackedLength <= SmallPack)
        {
            for (int item = 0; item < packs; item++)
            {
                pack.Run(item, worker: 0);
            }
        }
        else
        {
            workers.Run(packs, pack);
        }

        int used = 0, columns = 0;
        long operations = 0;
        for (int group = 0; group < groups.Count; group++)
        {
            Product product = groups[group];
            used += product.PanelRows > 0 ? 1 : 0;
            columns = Math.Max(columns, product.PanelRows);
            operations += (long)product.PanelRows * product.BlockRows * product.Depth;
        }

        int parts = (columns + ChunkKernel.Columns - 1) / ChunkKernel.Columns;
        var work = new ChunkWork<TGroups, TLanes>(groups, packed, ChunkRows(groups.BlockRows, used * parts, workers.Count), parts, workers.Count);
        if (operations <= SmallWork)
        {
            for (int item = 0; item < work.Items; item++)
            {
                work.Run(item, worker: 0);
            }
        }
        else
        {
            workers.Run(work.Items, work);
        }
    }

    /// <summary>Tall chunks use their panels longer; more of them share the work better.</summary>
    private static int ChunkRows(int blockRows, int parts, int threads)
    {
        int rows = BlockChunk.Rows;
        while (rows > 24 && threads > 1 && (long)(blockRows + rows - 1) / rows * parts < ItemsPerThread * threads)
        {
            rows /= 2;
        }

        return rows;
    }

    private readonly struct ScalarWork<TGroups>(TGroups groups) : IWork
        where TGroups : struct, IProductGroups
    {
        private readonly TGroups _groups = groups;

        public void Run(int item, int worker)
        {
            int row = item % _groups.BlockRows;
            Product product = _groups[item / _groups.BlockRows];
            if (row >= product.BlockRows)
            {
                return;
            }

            MatMulKernel.Scalar(
                product.Blocks.FromRow(row), product.Panels, product.C + (row * product.BlockStride), product.BlockStride, product.PanelStride,
                1, product.PanelRows, product.Depth, product.Accumulate);
        }
    }
}
