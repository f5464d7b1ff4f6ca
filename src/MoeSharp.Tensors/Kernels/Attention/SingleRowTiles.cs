using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>Tiles of one row, as one token's attention needs: memory decides, so the other factor is asked for ahead.</summary>
/// <remarks>Elements as in <see cref="RegisterTiles"/>: one chain of fused multiply-adds over the depth each.</remarks>
internal static unsafe class SingleRowTiles
{
    /// <summary>1 row by 8 registers.</summary>
    public static void OneWide<TLanes>(in TileOperands t, long row, long column, int depth, bool accumulate)
        where TLanes : struct, ILanes<TLanes>
    {
        int lane = TLanes.Count;
        float* a = t.A + (row * t.ARow), b = t.B + column, c = t.C + (row * t.CRow) + column;
        TLanes c00 = TLanes.Zero, c01 = TLanes.Zero, c02 = TLanes.Zero, c03 = TLanes.Zero, c04 = TLanes.Zero, c05 = TLanes.Zero, c06 = TLanes.Zero, c07 = TLanes.Zero;
        if (accumulate)
        {
            c00 = TLanes.Load(c + (0 * lane));
            c01 = TLanes.Load(c + (1 * lane));
            c02 = TLanes.Load(c + (2 * lane));
            c03 = TLanes.Load(c + (3 * lane));
            c04 = TLanes.Load(c + (4 * lane));
            c05 = TLanes.Load(c + (5 * lane));
            c06 = TLanes.Load(c + (6 * lane));
            c07 = TLanes.Load(c + (7 * lane));
        }

        long aDepth = t.ADepth, bRow = t.BRow, ahead = t.Ahead;
        for (int k = 0; k < depth; k++)
        {
            Ahead<TLanes>((byte*)b + ahead, 8);
            TLanes x = TLanes.Broadcast(a[0]);
            c00 = TLanes.MultiplyAdd(x, TLanes.Load(b + (0 * lane)), c00);
            c01 = TLanes.MultiplyAdd(x, TLanes.Load(b + (1 * lane)), c01);
            c02 = TLanes.MultiplyAdd(x, TLanes.Load(b + (2 * lane)), c02);
            c03 = TLanes.MultiplyAdd(x, TLanes.Load(b + (3 * lane)), c03);
            c04 = TLanes.MultiplyAdd(x, TLanes.Load(b + (4 * lane)), c04);
            c05 = TLanes.MultiplyAdd(x, TLanes.Load(b + (5 * lane)), c05);
            c06 = TLanes.MultiplyAdd(x, TLanes.Load(b + (6 * lane)), c06);
            c07 = TLanes.MultiplyAdd(x, TLanes.Load(b + (7 * lane)), c07);
            a += aDepth;
            b += bRow;
        }

        TLanes.Store(c00, c + (0 * lane));
        TLanes.Store(c01, c + (1 * lane));
        TLanes.Store(c02, c + (2 * lane));
        TLanes.Store(c03, c + (3 * lane));
        TLanes.Store(c04, c + (4 * lane));
        TLanes.Store(c05, c + (5 * lane));
        TLanes.Store(c06, c + (6 * lane));
        TLanes.Store(c07, c + (7 * lane));
    }

    /// <summary>1 row by 4 registers.</summary>
    public static void One<TLanes>(in TileOperands t, long row, long column, int depth, bool accumulate)
        where TLanes : struct, ILanes<TLanes>
    {
        int lane = TLanes.Count;
        float* a = t.A + (row * t.ARow), b = t.B + column, c = t.C + (row * t.CRow) + column;
        long cRow = t.CRow;
        TLanes c00 = TLanes.Zero, c01 = TLanes.Zero, c02 = TLanes.Zero, c03 = TLanes.Zero;
        if (accumulate)
        {
            c00 = TLanes.Load(c);
            c01 = TLanes.Load(c + lane);
            c02 = TLanes.Load(c + (2 * lane));
            c03 = TLanes.Load(c + (3 * lane));
        }

        long aDepth = t.ADepth, bRow = t.BRow;
        long ahead = t.Ahead;
        for (int k = 0; k < depth; k++)
        {
            Ahead<TLanes>((byte*)b + ahead, 4);
            TLanes b0 = TLanes.Load(b), b1 = TLanes.Load(b + lane), b2 = TLanes.Load(b + (2 * lane)), b3 = TLanes.Load(b + (3 * lane));
            TLanes x = TLanes.Broadcast(a[0]);
            c00 = TLanes.MultiplyAdd(x, b0, c00);
            c01 = TLanes.MultiplyAdd(x, b1, c01);
            c02 = TLanes.MultiplyAdd(x, b2, c02);
            c03 = TLanes.MultiplyAdd(x, b3, c03);
            a += aDepth;
            b += bRow;
        }

        TLanes.Store(c00, c);
        TLanes.Store(c01, c + lane);
        TLanes.Store(c02, c + (2 * lane));
        TLanes.Store(c03, c + (3 * lane));
    }

    /// <summary>Asks memory for registers that a later step reads.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Ahead<TLanes>(byte* b, int registers)
        where TLanes : struct, ILanes<TLanes>
    {
        for (int i = 0; Sse.IsSupported && i < registers * TLanes.Count * sizeof(float); i += 64)
        {
            Sse.Prefetch1(b + i);
        }
    }
}
