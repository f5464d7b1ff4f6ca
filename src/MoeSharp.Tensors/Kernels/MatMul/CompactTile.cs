using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels.MatMul;

/// <summary>The tile for machines of 16 vector registers: 12 of them hold sums.</summary>
/// <remarks>
/// <para><c>c[i, :] = c[i, :] + Σₖ a(i, k)·b[k, :]</c>: the row count in the name times two registers of columns. Every accumulator has a name, so that
/// it stays in a register for the whole sum; each lane is one chain over ascending k.</para>
/// <para><c>a</c> is a chunk in layout <c>TBlock</c>, <c>b</c> a packed panel. Each second k touches <c>ahead</c>, and <c>step</c> bytes further
/// the next time: memory that the thread will read after this tile.</para>
/// </remarks>
internal static unsafe class CompactTile
{
    /// <summary>Six rows.</summary>
    public static void Six<TLanes, TBlock>(float* a, nint depthStride, float* b, float* c, long stride, int depth, bool accumulate, byte* ahead, nint step)
        where TLanes : struct, ILanes<TLanes>
        where TBlock : struct, IBlockLayout
    {
        TLanes c0l = TLanes.Zero, c0h = TLanes.Zero;
        TLanes c1l = TLanes.Zero, c1h = TLanes.Zero;
        TLanes c2l = TLanes.Zero, c2h = TLanes.Zero;
        TLanes c3l = TLanes.Zero, c3h = TLanes.Zero;
        TLanes c4l = TLanes.Zero, c4h = TLanes.Zero;
        TLanes c5l = TLanes.Zero, c5h = TLanes.Zero;
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
        }

        // Two k a turn: the machine that this tile is for has no room for more instructions beside the multiply-adds.
        int k = depth;
        for (; k >= 2; k -= 2)
        {
            float* next = a + depthStride;
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

            low = TLanes.Load(b + (2 * TLanes.Count));
            high = TLanes.Load(b + (3 * TLanes.Count));
            value = TLanes.Broadcast(next[0]);
            c0l = TLanes.MultiplyAdd(value, low, c0l);
            c0h = TLanes.MultiplyAdd(value, high, c0h);
            value = TLanes.Broadcast(next[TBlock.RowStride]);
            c1l = TLanes.MultiplyAdd(value, low, c1l);
            c1h = TLanes.MultiplyAdd(value, high, c1h);
            value = TLanes.Broadcast(next[2 * TBlock.RowStride]);
            c2l = TLanes.MultiplyAdd(value, low, c2l);
            c2h = TLanes.MultiplyAdd(value, high, c2h);
            value = TLanes.Broadcast(next[3 * TBlock.RowStride]);
            c3l = TLanes.MultiplyAdd(value, low, c3l);
            c3h = TLanes.MultiplyAdd(value, high, c3h);
            value = TLanes.Broadcast(next[4 * TBlock.RowStride]);
            c4l = TLanes.MultiplyAdd(value, low, c4l);
            c4h = TLanes.MultiplyAdd(value, high, c4h);
            value = TLanes.Broadcast(next[5 * TBlock.RowStride]);
            c5l = TLanes.MultiplyAdd(value, low, c5l);
            c5h = TLanes.MultiplyAdd(value, high, c5h);
            a = next + depthStride;
            b += 4 * TLanes.Count;
            Ahead(ahead);
            ahead += step;
        }

        if (k > 0)
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
