using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels.MatMul;

/// <summary>The tile for machines of 32 vector registers: 24 of them hold sums.</summary>
/// <remarks>
/// <para><c>c[i, :] = c[i, :] + Σₖ a(i, k)·b[k, :]</c>: the row count in the name times two registers of columns. Every accumulator has a name, so that
/// it stays in a register for the whole sum; each lane is one chain over ascending k.</para>
/// <para><c>a</c> is a chunk in layout <c>TBlock</c>, <c>b</c> a packed panel. Each step touches <c>ahead</c>, and <c>step</c> bytes further
/// the next time: memory that the thread will read after this tile.</para>
/// </remarks>
internal static unsafe class TallTile
{
    /// <summary>Twelve rows.</summary>
    public static void Twelve<TLanes, TBlock>(float* a, nint depthStride, float* b, float* c, long stride, int depth, bool accumulate, byte* ahead, nint step)
        where TLanes : struct, ILanes<TLanes>
        where TBlock : struct, IBlockLayout
    {
        TLanes c0l = TLanes.Zero, c0h = TLanes.Zero;
        TLanes c1l = TLanes.Zero, c1h = TLanes.Zero;
        TLanes c2l = TLanes.Zero, c2h = TLanes.Zero;
        TLanes c3l = TLanes.Zero, c3h = TLanes.Zero;
        TLanes c4l = TLanes.Zero, c4h = TLanes.Zero;
        TLanes c5l = TLanes.Zero, c5h = TLanes.Zero;
        TLanes c6l = TLanes.Zero, c6h = TLanes.Zero;
        TLanes c7l = TLanes.Zero, c7h = TLanes.Zero;
        TLanes c8l = TLanes.Zero, c8h = TLanes.Zero;
        TLanes c9l = TLanes.Zero, c9h = TLanes.Zero;
        TLanes c10l = TLanes.Zero, c10h = TLanes.Zero;
        TLanes c11l = TLanes.Zero, c11h = TLanes.Zero;
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
            c4l = TLanes.Load(c + (4 * stride));
            c4h = TLanes.Load(c + (4 * stride) + TLanes.Count);
            c5l = TLanes.Load(c + (5 * stride));
            c5h = TLanes.Load(c + (5 * stride) + TLanes.Count);
            c6l = TLanes.Load(c + (6 * stride));
            c6h = TLanes.Load(c + (6 * stride) + TLanes.Count);
            c7l = TLanes.Load(c + (7 * stride));
            c7h = TLanes.Load(c + (7 * stride) + TLanes.Count);
            c8l = TLanes.Load(c + (8 * stride));
            c8h = TLanes.Load(c + (8 * stride) + TLanes.Count);
            c9l = TLanes.Load(c + (9 * stride));
            c9h = TLanes.Load(c + (9 * stride) + TLanes.Count);
            c10l = TLanes.Load(c + (10 * stride));
            c10h = TLanes.Load(c + (10 * stride) + TLanes.Count);
            c11l = TLanes.Load(c + (11 * stride));
            c11h = TLanes.Load(c + (11 * stride) + TLanes.Count);
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
            value = TLanes.Broadcast(a[4 * TBlock.RowStride]);
            c4l = TLanes.MultiplyAdd(value, low, c4l);
            c4h = TLanes.MultiplyAdd(value, high, c4h);
            value = TLanes.Broadcast(a[5 * TBlock.RowStride]);
            c5l = TLanes.MultiplyAdd(value, low, c5l);
            c5h = TLanes.MultiplyAdd(value, high, c5h);
            value = TLanes.Broadcast(a[6 * TBlock.RowStride]);
            c6l = TLanes.MultiplyAdd(value, low, c6l);
            c6h = TLanes.MultiplyAdd(value, high, c6h);
            value = TLanes.Broadcast(a[7 * TBlock.RowStride]);
            c7l = TLanes.MultiplyAdd(value, low, c7l);
            c7h = TLanes.MultiplyAdd(value, high, c7h);
            value = TLanes.Broadcast(a[8 * TBlock.RowStride]);
            c8l = TLanes.MultiplyAdd(value, low, c8l);
            c8h = TLanes.MultiplyAdd(value, high, c8h);
            value = TLanes.Broadcast(a[9 * TBlock.RowStride]);
            c9l = TLanes.MultiplyAdd(value, low, c9l);
            c9h = TLanes.MultiplyAdd(value, high, c9h);
            value = TLanes.Broadcast(a[10 * TBlock.RowStride]);
            c10l = TLanes.MultiplyAdd(value, low, c10l);
            c10h = TLanes.MultiplyAdd(value, high, c10h);
            value = TLanes.Broadcast(a[11 * TBlock.RowStride]);
            c11l = TLanes.MultiplyAdd(value, low, c11l);
            c11h = TLanes.MultiplyAdd(value, high, c11h);
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
        TLanes.Store(c4l, c + (4 * stride));
        TLanes.Store(c4h, c + (4 * stride) + TLanes.Count);
        TLanes.Store(c5l, c + (5 * stride));
        TLanes.Store(c5h, c + (5 * stride) + TLanes.Count);
        TLanes.Store(c6l, c + (6 * stride));
        TLanes.Store(c6h, c + (6 * stride) + TLanes.Count);
        TLanes.Store(c7l, c + (7 * stride));
        TLanes.Store(c7h, c + (7 * stride) + TLanes.Count);
        TLanes.Store(c8l, c + (8 * stride));
        TLanes.Store(c8h, c + (8 * stride) + TLanes.Count);
        TLanes.Store(c9l, c + (9 * stride));
        TLanes.Store(c9h, c + (9 * stride) + TLanes.Count);
        TLanes.Store(c10l, c + (10 * stride));
        TLanes.Store(c10h, c + (10 * stride) + TLanes.Count);
        TLanes.Store(c11l, c + (11 * stride));
        TLanes.Store(c11h, c + (11 * stride) + TLanes.Count);
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
