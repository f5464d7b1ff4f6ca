using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>The innermost loops of <see cref="TileProductKernel"/>: sums in registers over the whole depth.</summary>
/// <remarks>Eight to twelve independent sums hide the latency of the multiply-add and fit the sixteen registers of AVX2.</remarks>
internal static unsafe class RegisterTiles
{
    /// <summary>6 rows by 2 registers.</summary>
    public static void Six<TLanes>(in TileOperands t, long row, long column, int depth, bool accumulate)
        where TLanes : struct, ILanes<TLanes>
    {
        int lane = TLanes.Count;
        float* a = t.A + (row * t.ARow), b = t.B + column, c = t.C + (row * t.CRow) + column;
        long cRow = t.CRow;
        TLanes c00 = TLanes.Zero, c01 = TLanes.Zero;
        TLanes c10 = TLanes.Zero, c11 = TLanes.Zero;
        TLanes c20 = TLanes.Zero, c21 = TLanes.Zero;
        TLanes c30 = TLanes.Zero, c31 = TLanes.Zero;
        TLanes c40 = TLanes.Zero, c41 = TLanes.Zero;
        TLanes c50 = TLanes.Zero, c51 = TLanes.Zero;
        if (accumulate)
        {
            c00 = TLanes.Load(c);
            c01 = TLanes.Load(c + lane);
            c10 = TLanes.Load(c + cRow);
            c11 = TLanes.Load(c + cRow + lane);
            c20 = TLanes.Load(c + (2 * cRow));
            c21 = TLanes.Load(c + (2 * cRow) + lane);
            c30 = TLanes.Load(c + (3 * cRow));
            c31 = TLanes.Load(c + (3 * cRow) + lane);
            c40 = TLanes.Load(c + (4 * cRow));
            c41 = TLanes.Load(c + (4 * cRow) + lane);
            c50 = TLanes.Load(c + (5 * cRow));
            c51 = TLanes.Load(c + (5 * cRow) + lane);
        }

        long aRow = t.ARow;
        long aDepth = t.ADepth, bRow = t.BRow;
        float* a3 = a + (3 * aRow);
        long ahead = t.Ahead;
        for (int k = 0; k < depth; k++)
        {
            SingleRowTiles.Ahead<TLanes>((byte*)b + ahead, 2);
            TLanes b0 = TLanes.Load(b), b1 = TLanes.Load(b + lane);
            TLanes x = TLanes.Broadcast(a[0]);
            c00 = TLanes.MultiplyAdd(x, b0, c00);
            c01 = TLanes.MultiplyAdd(x, b1, c01);
            x = TLanes.Broadcast(a[aRow]);
            c10 = TLanes.MultiplyAdd(x, b0, c10);
            c11 = TLanes.MultiplyAdd(x, b1, c11);
            x = TLanes.Broadcast(a[2 * aRow]);
            c20 = TLanes.MultiplyAdd(x, b0, c20);
            c21 = TLanes.MultiplyAdd(x, b1, c21);
            x = TLanes.Broadcast(a3[0]);
            c30 = TLanes.MultiplyAdd(x, b0, c30);
            c31 = TLanes.MultiplyAdd(x, b1, c31);
            x = TLanes.Broadcast(a3[aRow]);
            c40 = TLanes.MultiplyAdd(x, b0, c40);
            c41 = TLanes.MultiplyAdd(x, b1, c41);
            x = TLanes.Broadcast(a3[2 * aRow]);
            c50 = TLanes.MultiplyAdd(x, b0, c50);
            c51 = TLanes.MultiplyAdd(x, b1, c51);
            a += aDepth;
            a3 += aDepth;
            b += bRow;
        }

        TLanes.Store(c00, c);
        TLanes.Store(c01, c + lane);
        TLanes.Store(c10, c + cRow);
        TLanes.Store(c11, c + cRow + lane);
        TLanes.Store(c20, c + (2 * cRow));
        TLanes.Store(c21, c + (2 * cRow) + lane);
        TLanes.Store(c30, c + (3 * cRow));
        TLanes.Store(c31, c + (3 * cRow) + lane);
        TLanes.Store(c40, c + (4 * cRow));
        TLanes.Store(c41, c + (4 * cRow) + lane);
        TLanes.Store(c50, c + (5 * cRow));
        TLanes.Store(c51, c + (5 * cRow) + lane);
    }

    /// <summary>4 rows by 2 registers.</summary>
    public static void Four<TLanes>(in TileOperands t, long row, long column, int depth, bool accumulate)
        where TLanes : struct, ILanes<TLanes>
    {
        int lane = TLanes.Count;
        float* a = t.A + (row * t.ARow), b = t.B + column, c = t.C + (row * t.CRow) + column;
        long cRow = t.CRow;
        TLanes c00 = TLanes.Zero, c01 = TLanes.Zero;
        TLanes c10 = TLanes.Zero, c11 = TLanes.Zero;
        TLanes c20 = TLanes.Zero, c21 = TLanes.Zero;
        TLanes c30 = TLanes.Zero, c31 = TLanes.Zero;
        if (accumulate)
        {
            c00 = TLanes.Load(c);
            c01 = TLanes.Load(c + lane);
            c10 = TLanes.Load(c + cRow);
            c11 = TLanes.Load(c + cRow + lane);
            c20 = TLanes.Load(c + (2 * cRow));
            c21 = TLanes.Load(c + (2 * cRow) + lane);
            c30 = TLanes.Load(c + (3 * cRow));
            c31 = TLanes.Load(c + (3 * cRow) + lane);
        }

        long aRow = t.ARow;
        long aDepth = t.ADepth, bRow = t.BRow;
        float* a3 = a + (3 * aRow);
        long ahead = t.Ahead;
        for (int k = 0; k < depth; k++)
        {
            SingleRowTiles.Ahead<TLanes>((byte*)b + ahead, 2);
            TLanes b0 = TLanes.Load(b), b1 = TLanes.Load(b + lane);
            TLanes x = TLanes.Broadcast(a[0]);
            c00 = TLanes.MultiplyAdd(x, b0, c00);
            c01 = TLanes.MultiplyAdd(x, b1, c01);
            x = TLanes.Broadcast(a[aRow]);
            c10 = TLanes.MultiplyAdd(x, b0, c10);
            c11 = TLanes.MultiplyAdd(x, b1, c11);
            x = TLanes.Broadcast(a[2 * aRow]);
            c20 = TLanes.MultiplyAdd(x, b0, c20);
            c21 = TLanes.MultiplyAdd(x, b1, c21);
            x = TLanes.Broadcast(a3[0]);
            c30 = TLanes.MultiplyAdd(x, b0, c30);
            c31 = TLanes.MultiplyAdd(x, b1, c31);
            a += aDepth;
            a3 += aDepth;
            b += bRow;
        }

        TLanes.Store(c00, c);
        TLanes.Store(c01, c + lane);
        TLanes.Store(c10, c + cRow);
        TLanes.Store(c11, c + cRow + lane);
        TLanes.Store(c20, c + (2 * cRow));
        TLanes.Store(c21, c + (2 * cRow) + lane);
        TLanes.Store(c30, c + (3 * cRow));
        TLanes.Store(c31, c + (3 * cRow) + lane);
    }

    /// <summary>2 rows by 4 registers.</summary>
    public static void Two<TLanes>(in TileOperands t, long row, long column, int depth, bool accumulate)
        where TLanes : struct, ILanes<TLanes>
    {
        int lane = TLanes.Count;
        float* a = t.A + (row * t.ARow), b = t.B + column, c = t.C + (row * t.CRow) + column;
        long cRow = t.CRow;
        TLanes c00 = TLanes.Zero, c01 = TLanes.Zero, c02 = TLanes.Zero, c03 = TLanes.Zero;
        TLanes c10 = TLanes.Zero, c11 = TLanes.Zero, c12 = TLanes.Zero, c13 = TLanes.Zero;
        if (accumulate)
        {
            c00 = TLanes.Load(c);
            c01 = TLanes.Load(c + lane);
            c02 = TLanes.Load(c + (2 * lane));
            c03 = TLanes.Load(c + (3 * lane));
            c10 = TLanes.Load(c + cRow);
            c11 = TLanes.Load(c + cRow + lane);
            c12 = TLanes.Load(c + cRow + (2 * lane));
            c13 = TLanes.Load(c + cRow + (3 * lane));
        }

        long aRow = t.ARow;
        long aDepth = t.ADepth, bRow = t.BRow;
        long ahead = t.Ahead;
        for (int k = 0; k < depth; k++)
        {
            SingleRowTiles.Ahead<TLanes>((byte*)b + ahead, 4);
            TLanes b0 = TLanes.Load(b), b1 = TLanes.Load(b + lane), b2 = TLanes.Load(b + (2 * lane)), b3 = TLanes.Load(b + (3 * lane));
            TLanes x = TLanes.Broadcast(a[0]);
            c00 = TLanes.MultiplyAdd(x, b0, c00);
            c01 = TLanes.MultiplyAdd(x, b1, c01);
            c02 = TLanes.MultiplyAdd(x, b2, c02);
            c03 = TLanes.MultiplyAdd(x, b3, c03);
            x = TLanes.Broadcast(a[aRow]);
            c10 = TLanes.MultiplyAdd(x, b0, c10);
            c11 = TLanes.MultiplyAdd(x, b1, c11);
            c12 = TLanes.MultiplyAdd(x, b2, c12);
            c13 = TLanes.MultiplyAdd(x, b3, c13);
            a += aDepth;
            b += bRow;
        }

        TLanes.Store(c00, c);
        TLanes.Store(c01, c + lane);
        TLanes.Store(c02, c + (2 * lane));
        TLanes.Store(c03, c + (3 * lane));
        TLanes.Store(c10, c + cRow);
        TLanes.Store(c11, c + cRow + lane);
        TLanes.Store(c12, c + cRow + (2 * lane));
        TLanes.Store(c13, c + cRow + (3 * lane));
    }
}
