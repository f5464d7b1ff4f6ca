using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels.MatMul;

/// <summary>Some block rows times some panels of one product: what one thread does at a time.</summary>
/// <remarks>The depth is cut into slices; from one to the next the sums rest in the result, or in scratch memory where the result
/// is transposed or a panel only partly filled. Storing and loading a float changes nothing, so each sum stays one chain.</remarks>
internal static unsafe class ChunkKernel
{
    /// <summary>Most panel rows of a chunk.</summary>
    public const int Columns = 512;

    private const int NarrowSlice = 256; // below 512 bits a tile reads more for each multiply-add: half a first-level cache a panel
    private const long NearPanels = 128 * 1024; // panels of half a second-level cache: beyond, each one is fetched before its turn
    private const int TileRows = 12;
    private const int FewColumns = 128;
    private const int RestStride = Columns + 16; // no power of two

    /// <summary>Elements of scratch memory for one thread.</summary>
    public const int ScratchLength = BlockChunk.Length + (BlockChunk.Rows * RestStride);

    /// <summary>Computes the part of a product at (firstRow, firstColumn).</summary>
    /// <param name="product">The product.</param>
    /// <param name="packed">Its packed panels.</param>
    /// <param name="scratch"><see cref="ScratchLength"/> elements.</param>
    /// <param name="firstRow">First block row.</param>
    /// <param name="rows">Block rows, at most <see cref="BlockChunk.Rows"/>.</param>
    /// <param name="firstColumn">First panel row: a multiple of <see cref="Columns"/>.</param>
    /// <param name="columns">Panel rows, at most <see cref="Columns"/>.</param>
    /// <param name="ahead">Memory to touch meanwhile.</param>
    public static void Run<TLanes, TBlock>(
        in Product product, float* packed, float* scratch, int firstRow, int rows, int firstColumn, int columns, ref AheadStream ahead)
        where TLanes : struct, ILanes<TLanes>
        where TBlock : struct, IBlockLayout
    {
        int widest = 2 * TLanes.Count;
        int slice = TLanes.Count == Lanes512.Count ? BlockChunk.Depth : NarrowSlice;
        float* rest = scratch + BlockChunk.Length;
        float* c = product.C + (firstRow * product.BlockStride) + (firstColumn * product.PanelStride);
        bool transposed = product.PanelStride != 1;
        int direct = transposed ? 0 : columns / widest * widest; // columns of full panels go straight to the result
        if (product.Accumulate && direct < columns)
        {
            LoadRest(product, c, rest, rows, direct, columns, transposed);
        }

        bool far = (long)columns * product.Depth > NearPanels;
        int k = 0;
        do
        {
            // With few panels, rows of contiguous k are copied a tile at a time, just before they are used, and stay in the
            // first-level cache; rows side by side need no copy. With many panels it is those that should be used again while they are there.
            int depth = Math.Min(slice, product.Depth - k);
            bool few = columns <= FewColumns, across = product.Blocks.RowStride == 1, add = product.Accumulate || k > 0;
            int step = few && !across ? TileRows : rows;
            nint depthStride = few && across ? (nint)product.Blocks.DepthStride : TBlock.DepthStride;
            for (int row = 0; row < rows; row += step)
            {
                int count = Math.Min(step, rows - row);
                MatrixOperand source = product.Blocks.FromRow(firstRow + row).FromDepth(k);
                float* block = few && across ? source.Pointer : scratch;
                if (block == scratch)
                {
                    BlockChunk.Copy(source, count, depth, block);
                }

                for (int column = 0; column < columns;)
                {
                    int width = Panel.Width(columns - column, widest);
                    float* panel = packed + ((long)(firstColumn + column) * product.Depth) + ((long)k * width);
                    bool straight = column < direct;
                    long stride = straight ? product.BlockStride : RestStride;
                    float* target = (straight ? c : rest) + (row * stride) + column;
                    if (far)
                    {
                        // The next panel of this slice, or the first of the next one.
                        float* next = column + width < columns
                            ? panel + ((long)width * product.Depth)
                            : packed + ((long)firstColumn * product.Depth) + ((long)(k + depth) * widest);
                        ahead.First(next, (long)depth * width * sizeof(float));
                    }

                    Tiles<TLanes, TBlock>(block, depthStride, panel, target, stride, width, count, depth, add, ref ahead);
                    column += width;
                }
            }

            k += depth;
        }
        while (k < product.Depth);

        if (direct < columns)
        {
            StoreRest(product, c, rest, rows, direct, columns, transposed);
        }
    }

    private static void Tiles<TLanes, TBlock>(
        float* block, nint depthStride, float* panel, float* c, long stride, int width, int rows, int depth, bool add, ref AheadStream ahead)
        where TLanes : struct, ILanes<TLanes>
        where TBlock : struct, IBlockLayout
    {
        if (width == 2 * TLanes.Count)
        {
            Wide<TLanes, TBlock>(block, depthStride, panel, c, stride, rows, depth, add, ref ahead);
        }
        else if (width == 16)
        {
            Narrow<Lanes512, TBlock>(block, depthStride, panel, c, stride, rows, depth, add, ref ahead);
        }
        else if (width == 8)
        {
            Narrow<Lanes256, TBlock>(block, depthStride, panel, c, stride, rows, depth, add, ref ahead);
        }
        else
        {
            Narrow<Lanes128, TBlock>(block, depthStride, panel, c, stride, rows, depth, add, ref ahead);
        }
    }

    private static void Wide<TLanes, TBlock>(
        float* block, nint depthStride, float* panel, float* c, long stride, int rows, int depth, bool add, ref AheadStream ahead)
        where TLanes : struct, ILanes<TLanes>
        where TBlock : struct, IBlockLayout
    {
        int row = 0;
        if (TLanes.Count == Lanes512.Count)
        {
            for (; row + 12 <= rows; row += 12)
            {
                byte* next = ahead.Take(depth, (byte*)block, out nint step);
                if (row + 24 <= rows)
                {
                    Touch(c + ((row + 12) * stride), stride, 12);
                }

                TallTile.Twelve<TLanes, TBlock>(block + (row * TBlock.RowStride), depthStride, panel, c + (row * stride), stride, depth, add, next, step);
            }
        }
        else
        {
            for (; row + 6 <= rows; row += 6)
            {
                byte* next = ahead.Take((depth + 1) / 2, (byte*)block, out nint step); // this tile touches memory every second k
                if (row + 12 <= rows)
                {
                    Touch(c + ((row + 6) * stride), stride, 6);
                }

                CompactTile.Six<TLanes, TBlock>(block + (row * TBlock.RowStride), depthStride, panel, c + (row * stride), stride, depth, add, next, step);
            }
        }

        for (; row + 4 <= rows; row += 4)
        {
            byte* next = ahead.Take(depth, (byte*)block, out nint step);
            WideTile.Four<TLanes, TBlock>(block + (row * TBlock.RowStride), depthStride, panel, c + (row * stride), stride, depth, add, next, step);
        }

        if (row + 2 <= rows)
        {
            WideTile.Two<TLanes, TBlock>(
                block + (row * TBlock.RowStride), depthStride, panel, c + (row * stride), stride, depth, add, (byte*)block, 0);
            row += 2;
        }

        if (row < rows)
        {
            WideTile.One<TLanes, TBlock>(
                block + (row * TBlock.RowStride), depthStride, panel, c + (row * stride), stride, depth, add, (byte*)block, 0);
        }
    }

    private static void Narrow<TLanes, TBlock>(
        float* block, nint depthStride, float* panel, float* c, long stride, int rows, int depth, bool add, ref AheadStream ahead)
        where TLanes : struct, ILanes<TLanes>
        where TBlock : struct, IBlockLayout
    {
        int row = 0;
        for (; row + 12 <= rows; row += 12)
        {
            byte* next = ahead.Take(depth, (byte*)block, out nint step);
            NarrowTile.Twelve<TLanes, TBlock>(block + (row * TBlock.RowStride), depthStride, panel, c + (row * stride), stride, depth, add, next, step);
        }

        for (; row + 4 <= rows; row += 4)
        {
            byte* next = ahead.Take(depth, (byte*)block, out nint step);
            NarrowTile.Four<TLanes, TBlock>(block + (row * TBlock.RowStride), depthStride, panel, c + (row * stride), stride, depth, add, next, step);
        }

        for (; row < rows; row++)
        {
            NarrowTile.One<TLanes, TBlock>(
                block + (row * TBlock.RowStride), depthStride, panel, c + (row * stride), stride, depth, add, (byte*)block, 0);
        }
    }

    /// <summary>Fetches the place of the next tile in the result, two lines a row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Touch(float* c, long stride, int rows)
    {
        if (Sse.IsSupported)
        {
            for (int row = 0; row < rows; row++, c += stride)
            {
                Sse.Prefetch0(c);
                Sse.Prefetch0(c + 16);
            }
        }
    }

    private static void LoadRest(in Product product, float* c, float* rest, int rows, int direct, int columns, bool transposed)
    {
        if (transposed)
        {
            Transposition.BySource(c, product.PanelStride, rest, RestStride, columns, rows);
            return;
        }

        for (int row = 0; row < rows; row++)
        {
            new ReadOnlySpan<float>(c + (row * product.BlockStride) + direct, columns - direct)
                .CopyTo(new Span<float>(rest + ((long)row * RestStride) + direct, columns - direct));
        }
    }

    private static void StoreRest(in Product product, float* c, float* rest, int rows, int direct, int columns, bool transposed)
    {
        if (transposed)
        {
            Transposition.ByTarget(rest, RestStride, c, product.PanelStride, rows, columns);
            return;
        }

        for (int row = 0; row < rows; row++)
        {
            new ReadOnlySpan<float>(rest + ((long)row * RestStride) + direct, columns - direct)
                .CopyTo(new Span<float>(c + (row * product.BlockStride) + direct, columns - direct));
        }
    }
}
