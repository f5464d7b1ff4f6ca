using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels.MatMul;

/// <summary>Tiles of a full panel at any width, for the rows that are left below taller tiles.</summary>
/// <remarks>
/// <para><c>c[i, :] = c[i, :] + Σₖ a(i, k)·b[k, :]</c>: the row count in the name times two registers of columns. Every accumulator has a name, so that
/// it stays in a register for the whole sum; each lane is one chain over ascending k.</para>
/// <para><c>a</c> is a chunk in layout <c>TBlock</c>, <c>b</c> a packed panel. Each step touches <c>ahead</c>, and <c>step</c> bytes further
/// the next time: memory that the thread will read after this tile.</para>
/// </remarks>
internal static unsafe class WideTile
{
    /// <summary>Four rows.</summary>
    public static void Four<TLanes, TBlock>(float* a, nint depthStride, float* b, float* c, long stride, int depth, bool accumulate, byte* ahead, nint step)
        where TLanes : struct, ILanes<TLanes>
        where TBlock : struct, IBlockLayout
    {
        TLanes c0l = TLanes.Zero, c0h = TLanes.Zero;
        TLanes c1l = TLanes.Zero, c1h = TLanes.Zero;
        TLanes c2l = TLanes.Zero, c2h = TLanes.Zero;
        TLanes c3l = TLanes.Zero, c3h = TLanes.Zero;
        if (accumulate)
        {
            c0l = TLanes.Load(c);
            c0h = TLanes.Load(c + TLanes.Count);
            c1l = TLanes.Load(c + stride);
            c1h = TLanes.Load(c + stride + TLanes.Count);
            c2l = TLanes.Load(c + (2 * stride));
            c2h = TLanes.Load(c + (2 * stride) + TLanes.Count);
            c3l = TLanes.Load(c + (3 * stride));
            c3h = TLanes.Load(c + (3 * stride) + TLanes.Count);
        }

        for (int k = 0; k < depth; k++)
        {
            TLanes low = TLanes.Load(b), high = TLanes.Load(b + TLanes.Count);
            TLanes value = TLanes.Broadcast(a[0]);
            c0l = TLanes.MultiplyAdd(value, low, c0l);
            c0h = TLanes.MultiplyAdd(value, high, c0h);
            value = TLanes.Broadcast(a[TBlock.RowStride]);
            c1l = TLanes.MultiplyAdd(value, low, c1l);
            c1h = TLanes.MultiplyAdd(value, high, c1h);
            value = TLanes.Broadcast(a[2 * TBlock.RowStride]);
            c2l = TLanes.MultiplyAdd(value, low, c2l);
            c2h = TLanes.MultiplyAdd(value, high, c2h);
            value = TLanes.Broadcast(a[3 * TBlock.RowStride]);
            c3l = TLanes.MultiplyAdd(value, low, c3l);
            c3h = TLanes.MultiplyAdd(value, high, c3h);
            a += depthStride;
            b += 2 * TLanes.Count;
            Ahead(ahead);
            ahead += step;
        }

        TLanes.Store(c0l, c);
        TLanes.Store(c0h, c + TLanes.Count);
        TLanes.Store(c1l, c + stride);
        TLanes.Store(c1h, c + stride + TLanes.Count);
        TLanes.Store(c2l, c + (2 * stride));
        TLanes.Store(c2h, c + (2 * stride) + TLanes.Count);
        TLanes.Store(c3l, c + (3 * stride));
        TLanes.Store(c3h, c + (3 * stride) + TLanes.Count);
    }

    /// <summary>Two rows.</summary>
    public static void Two<TLanes, TBlock>(float* a, nint depthStride, float* b, float* c, long stride, int depth, bool accumulate, byte* ahead, nint step)
        where TLanes : struct, ILanes<TLanes>
        where TBlock : struct, IBlockLayout
    {
        TLanes c0l = TLanes.Zero, c0h = TLanes.Zero;
        TLanes c1l = TLanes.Zero, c1h = TLanes.Zero;
        if (accumulate)
        {
            c0l = TLanes.Load(c);
            c0h = TLanes.Load(c + TLanes.Count);
            c1l = TLanes.Load(c + stride);
            c1h = TLanes.Load(c + stride + TLanes.Count);
        }

        for (int k = 0; k < depth; k++)
        {
            TLanes low = TLanes.Load(b), high = TLanes.Load(b + TLanes.Count);
            TLanes value = TLanes.Broadcast(a[0]);
            c0l = TLanes.MultiplyAdd(value, low, c0l);
            c0h = TLanes.MultiplyAdd(value, high, c0h);
            value = TLanes.Broadcast(a[TBlock.RowStride]);
            c1l = TLanes.MultiplyAdd(value, low, c1l);
            c1h = TLanes.MultiplyAdd(value, high, c1h);
            a += depthStride;
            b += 2 * TLanes.Count;
            Ahead(ahead);
            ahead += step;
        }

        TLanes.Store(c0l, c);
        TLanes.Store(c0h, c + TLanes.Count);
        TLanes.Store(c1l, c + stride);
        TLanes.Store(c1h, c + stride + TLanes.Count);
    }

    /// <summary>One row.</summary>
    public static void One<TLanes, TBlock>(float* a, nint depthStride, float* b, float* c, long stride, int depth, bool accumulate, byte* ahead, nint step)
        where TLanes : struct, ILanes<TLanes>
        where TBlock : struct, IBlockLayout
    {
        TLanes c0l = TLanes.Zero, c0h = TLanes.Zero;
        if (accumulate)
        {
            c0l = TLanes.Load(c);
            c0h = TLanes.Load(c + TLanes.Count);
        }

        for (int k = 0; k < depth; k++)
        {
            TLanes low = TLanes.Load(b), high = TLanes.Load(b + TLanes.Count);
            TLanes value = TLanes.Broadcast(a[0]);
            c0l = TLanes.MultiplyAdd(value, low, c0l);
            c0h = TLanes.MultiplyAdd(value, high, c0h);
            a += depthStride;
            b += 2 * TLanes.Count;
            Ahead(ahead);
            ahead += step;
        }

        TLanes.Store(c0l, c);
        TLanes.Store(c0h, c + TLanes.Count);
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
