using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels.MatMul;

/// <summary>Tiles of a panel that is one register wide.</summary>
/// <remarks>
/// <para><c>c[i, :] = c[i, :] + Σₖ a(i, k)·b[k, :]</c>: the row count in the name times one register of columns. Every accumulator has a name, so that
/// it stays in a register for the whole sum; each lane is one chain over ascending k.</para>
/// <para><c>a</c> is a chunk in layout <c>TBlock</c>, <c>b</c> a packed panel. Each step touches <c>ahead</c>, and <c>step</c> bytes further
/// the next time: memory that the thread will read after this tile.</para>
/// </remarks>
internal static unsafe class NarrowTile
{
    /// <summary>Twelve rows.</summary>
    public static void Twelve<TLanes, TBlock>(float* a, nint depthStride, float* b, float* c, long stride, int depth, bool accumulate, byte* ahead, nint step)
        where TLanes : struct, ILanes<TLanes>
        where TBlock : struct, IBlockLayout
    {
        TLanes c0 = TLanes.Zero;
        TLanes c1 = TLanes.Zero;
        TLanes c2 = TLanes.Zero;
        TLanes c3 = TLanes.Zero;
        TLanes c4 = TLanes.Zero;
        TLanes c5 = TLanes.Zero;
        TLanes c6 = TLanes.Zero;
        TLanes c7 = TLanes.Zero;
        TLanes c8 = TLanes.Zero;
        TLanes c9 = TLanes.Zero;
        TLanes c10 = TLanes.Zero;
        TLanes c11 = TLanes.Zero;
        if (accumulate)
        {
            c0 = TLanes.Load(c);
            c1 = TLanes.Load(c + stride);
            c2 = TLanes.Load(c + (2 * stride));
            c3 = TLanes.Load(c + (3 * stride));
            c4 = TLanes.Load(c + (4 * stride));
            c5 = TLanes.Load(c + (5 * stride));
            c6 = TLanes.Load(c + (6 * stride));
            c7 = TLanes.Load(c + (7 * stride));
            c8 = TLanes.Load(c + (8 * stride));
            c9 = TLanes.Load(c + (9 * stride));
            c10 = TLanes.Load(c + (10 * stride));
            c11 = TLanes.Load(c + (11 * stride));
        }

        for (int k = 0; k < depth; k++)
        {
            TLanes lane = TLanes.Load(b);
            c0 = TLanes.MultiplyAdd(TLanes.Broadcast(a[0]), lane, c0);
            c1 = TLanes.MultiplyAdd(TLanes.Broadcast(a[TBlock.RowStride]), lane, c1);
            c2 = TLanes.MultiplyAdd(TLanes.Broadcast(a[2 * TBlock.RowStride]), lane, c2);
            c3 = TLanes.MultiplyAdd(TLanes.Broadcast(a[3 * TBlock.RowStride]), lane, c3);
            c4 = TLanes.MultiplyAdd(TLanes.Broadcast(a[4 * TBlock.RowStride]), lane, c4);
            c5 = TLanes.MultiplyAdd(TLanes.Broadcast(a[5 * TBlock.RowStride]), lane, c5);
            c6 = TLanes.MultiplyAdd(TLanes.Broadcast(a[6 * TBlock.RowStride]), lane, c6);
            c7 = TLanes.MultiplyAdd(TLanes.Broadcast(a[7 * TBlock.RowStride]), lane, c7);
            c8 = TLanes.MultiplyAdd(TLanes.Broadcast(a[8 * TBlock.RowStride]), lane, c8);
            c9 = TLanes.MultiplyAdd(TLanes.Broadcast(a[9 * TBlock.RowStride]), lane, c9);
            c10 = TLanes.MultiplyAdd(TLanes.Broadcast(a[10 * TBlock.RowStride]), lane, c10);
            c11 = TLanes.MultiplyAdd(TLanes.Broadcast(a[11 * TBlock.RowStride]), lane, c11);
            a += depthStride;
            b += TLanes.Count;
            Ahead(ahead);
            ahead += step;
        }

        TLanes.Store(c0, c);
        TLanes.Store(c1, c + stride);
        TLanes.Store(c2, c + (2 * stride));
        TLanes.Store(c3, c + (3 * stride));
        TLanes.Store(c4, c + (4 * stride));
        TLanes.Store(c5, c + (5 * stride));
        TLanes.Store(c6, c + (6 * stride));
        TLanes.Store(c7, c + (7 * stride));
        TLanes.Store(c8, c + (8 * stride));
        TLanes.Store(c9, c + (9 * stride));
        TLanes.Store(c10, c + (10 * stride));
        TLanes.Store(c11, c + (11 * stride));
    }

    /// <summary>Four rows.</summary>
    public static void Four<TLanes, TBlock>(float* a, nint depthStride, float* b, float* c, long stride, int depth, bool accumulate, byte* ahead, nint step)
        where TLanes : struct, ILanes<TLanes>
        where TBlock : struct, IBlockLayout
    {
        TLanes c0 = TLanes.Zero;
        TLanes c1 = TLanes.Zero;
        TLanes c2 = TLanes.Zero;
        TLanes c3 = TLanes.Zero;
        if (accumulate)
        {
            c0 = TLanes.Load(c);
            c1 = TLanes.Load(c + stride);
            c2 = TLanes.Load(c + (2 * stride));
            c3 = TLanes.Load(c + (3 * stride));
        }

        for (int k = 0; k < depth; k++)
        {
            TLanes lane = TLanes.Load(b);
            c0 = TLanes.MultiplyAdd(TLanes.Broadcast(a[0]), lane, c0);
            c1 = TLanes.MultiplyAdd(TLanes.Broadcast(a[TBlock.RowStride]), lane, c1);
            c2 = TLanes.MultiplyAdd(TLanes.Broadcast(a[2 * TBlock.RowStride]), lane, c2);
            c3 = TLanes.MultiplyAdd(TLanes.Broadcast(a[3 * TBlock.RowStride]), lane, c3);
            a += depthStride;
            b += TLanes.Count;
            Ahead(ahead);
            ahead += step;
        }

        TLanes.Store(c0, c);
        TLanes.Store(c1, c + stride);
        TLanes.Store(c2, c + (2 * stride));
        TLanes.Store(c3, c + (3 * stride));
    }

    /// <summary>One row.</summary>
    public static void One<TLanes, TBlock>(float* a, nint depthStride, float* b, float* c, long stride, int depth, bool accumulate, byte* ahead, nint step)
        where TLanes : struct, ILanes<TLanes>
        where TBlock : struct, IBlockLayout
    {
        TLanes c0 = TLanes.Zero;
        if (accumulate)
        {
            c0 = TLanes.Load(c);
        }

        for (int k = 0; k < depth; k++)
        {
            TLanes lane = TLanes.Load(b);
            c0 = TLanes.MultiplyAdd(TLanes.Broadcast(a[0]), lane, c0);
            a += depthStride;
            b += TLanes.Count;
            Ahead(ahead);
            ahead += step;
        }

        TLanes.Store(c0, c);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Ahead(byte* address)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch1(address);
        }
    }
}
