using System.Runtime.CompilerServices;
using MoeSharp.Tensors.Quantization.Panels.Lanes;

namespace MoeSharp.Tensors.Quantization.Panels;

/// <summary>Whole sums of a tile become floats: the only place where a product with packed weights rounds (<see cref="PanelDefinition"/>).</summary>
/// <typeparam name="TLanes">The registers.</typeparam>
/// <typeparam name="TCodes">The format.</typeparam>
internal static unsafe class PanelSums<TLanes, TCodes>
    where TLanes : struct, ICodeLanes<TLanes>
    where TCodes : struct, IPanelCodes
{
    private const int Stride = PanelTile.Stride;
    private const int BlockStride = PanelKernel<TLanes, TCodes>.Together * PanelKernel<TLanes, TCodes>.TokenBytes;

    /// <summary>True where groups have whole multiples of one scale and one offset.</summary>
    private static bool Multiples => TCodes.BlockLength == PanelTile.Columns;

    /// <summary>Pairs of groups that have an offset.</summary>
    private static int Pairs => PanelTile.Columns / 2 / TCodes.OffsetGroup;

    /// <summary>Adds what a tile gives four tokens to their results.</summary>
    /// <param name="first">The tile of the first register.</param>
    /// <param name="second">That of the second.</param>
    /// <param name="blocks">Blocks of the tile.</param>
    /// <param name="x">Codes.</param>
    /// <param name="row">First token.</param>
    /// <param name="column">First column.</param>
    /// <param name="sums">Whole sums, as the kernel left them.</param>
    /// <param name="y">Results of the first token; the next are <see cref="PanelWidth.SumRows"/> on.</param>
    public static void Four(PanelTile first, PanelTile second, int blocks, in RowCodes x, long row, int column, byte* sums, float* y)
    {
        int rows = TLanes.Rows;
        byte* x0 = x.Row(row);
        byte* x1 = x.Row(row + 1);
        byte* x2 = x.Row(row + 2);
        byte* x3 = x.Row(row + 3);
        int unit = x.ScalesAt + ((int)((uint)column / (uint)TCodes.BlockLength) * sizeof(float));
        TLanes y00 = TLanes.Load(y), y01 = TLanes.Load(y + rows), y10 = TLanes.Load(y + PanelWidth.SumRows), y11 = TLanes.Load(y + PanelWidth.SumRows + rows), y20 = TLanes.Load(y + (2 * PanelWidth.SumRows)), y21 = TLanes.Load(y + (2 * PanelWidth.SumRows) + rows), y30 = TLanes.Load(y + (3 * PanelWidth.SumRows)), y31 = TLanes.Load(y + (3 * PanelWidth.SumRows) + rows);
        for (int block = 0; block < blocks; block++)
        {
            byte* scale0 = Multiples ? first.Scale : first.Scales + (block * Stride), scale1 = Multiples ? second.Scale : second.Scales + (block * Stride);
            TLanes s0 = TLanes.Load(scale0), s1 = TLanes.Load(scale1);
            TLanes u0 = TLanes.Broadcast(x0 + unit);
            TLanes u1 = TLanes.Broadcast(x1 + unit);
            TLanes u2 = TLanes.Broadcast(x2 + unit);
            TLanes u3 = TLanes.Broadcast(x3 + unit);
            Add(s0, u0, TLanes.Load(sums + (0 * Stride)), ref y00);
            Add(s1, u0, TLanes.Load(sums + (1 * Stride)), ref y01);
            Add(s0, u1, TLanes.Load(sums + (2 * Stride)), ref y10);
            Add(s1, u1, TLanes.Load(sums + (3 * Stride)), ref y11);
            Add(s0, u2, TLanes.Load(sums + (4 * Stride)), ref y20);
            Add(s1, u2, TLanes.Load(sums + (5 * Stride)), ref y21);
            Add(s0, u3, TLanes.Load(sums + (6 * Stride)), ref y30);
            Add(s1, u3, TLanes.Load(sums + (7 * Stride)), ref y31);
            if (TCodes.OffsetGroup != 0)
            {
                byte* offset0 = Multiples ? first.Offset : first.Offsets + (block * Stride), offset1 = Multiples ? second.Offset : second.Offsets + (block * Stride);
                s0 = TLanes.Load(offset0);
                s1 = TLanes.Load(offset1);
                TLanes m00 = default, m01 = default, m10 = default, m11 = default, m20 = default, m21 = default, m30 = default, m31 = default;
                if (Multiples)
                {
                    int own = TCodes.OffsetGroup == 16 ? x.Sums16At + (column / 8) : x.Sums32At + (column / 16);
                    for (int pair = 0; pair < Pairs; pair++)
                    {
                        TLanes p0 = TLanes.Load(first.Offsets + (pair * Stride)), p1 = TLanes.Load(second.Offsets + (pair * Stride));
                        TLanes c0 = TLanes.Broadcast(x0 + own + (4 * pair));
                        TLanes c1 = TLanes.Broadcast(x1 + own + (4 * pair));
                        TLanes c2 = TLanes.Broadcast(x2 + own + (4 * pair));
                        TLanes c3 = TLanes.Broadcast(x3 + own + (4 * pair));
                        m00 = TLanes.AddInts(m00, TLanes.PairProducts(p0, c0));
                        m01 = TLanes.AddInts(m01, TLanes.PairProducts(p1, c0));
                        m10 = TLanes.AddInts(m10, TLanes.PairProducts(p0, c1));
                        m11 = TLanes.AddInts(m11, TLanes.PairProducts(p1, c1));
                        m20 = TLanes.AddInts(m20, TLanes.PairProducts(p0, c2));
                        m21 = TLanes.AddInts(m21, TLanes.PairProducts(p1, c2));
                        m30 = TLanes.AddInts(m30, TLanes.PairProducts(p0, c3));
                        m31 = TLanes.AddInts(m31, TLanes.PairProducts(p1, c3));
                    }
                }
                else
                {
                    int own = x.Sums32At + (column / 16) + (2 * block);
                    m00 = m01 = TLanes.OfInts(*(short*)(x0 + own));
                    m10 = m11 = TLanes.OfInts(*(short*)(x1 + own));
                    m20 = m21 = TLanes.OfInts(*(short*)(x2 + own));
                    m30 = m31 = TLanes.OfInts(*(short*)(x3 + own));
                }

                Add(s0, u0, m00, ref y00);
                Add(s1, u0, m01, ref y01);
                Add(s0, u1, m10, ref y10);
                Add(s1, u1, m11, ref y11);
                Add(s0, u2, m20, ref y20);
                Add(s1, u2, m21, ref y21);
                Add(s0, u3, m30, ref y30);
                Add(s1, u3, m31, ref y31);
            }

            sums += BlockStride;
            unit += sizeof(float);
        }

        TLanes.Store(y00, y);
        TLanes.Store(y01, y + rows);
        TLanes.Store(y10, y + PanelWidth.SumRows);
        TLanes.Store(y11, y + PanelWidth.SumRows + rows);
        TLanes.Store(y20, y + (2 * PanelWidth.SumRows));
        TLanes.Store(y21, y + (2 * PanelWidth.SumRows) + rows);
        TLanes.Store(y30, y + (3 * PanelWidth.SumRows));
        TLanes.Store(y31, y + (3 * PanelWidth.SumRows) + rows);
    }

    /// <summary>Adds what a tile gives one token to its results.</summary>
    /// <param name="first">The tile of the first register.</param>
    /// <param name="second">That of the second.</param>
    /// <param name="blocks">Blocks of the tile.</param>
    /// <param name="x">Codes.</param>
    /// <param name="row">The token.</param>
    /// <param name="column">First column.</param>
    /// <param name="sums">Whole sums, as the kernel left them.</param>
    /// <param name="y">Its results: a register, then the other.</param>
    public static void One(PanelTile first, PanelTile second, int blocks, in RowCodes x, long row, int column, byte* sums, float* y)
    {
        int rows = TLanes.Rows;
        byte* x0 = x.Row(row);
        int unit = x.ScalesAt + ((int)((uint)column / (uint)TCodes.BlockLength) * sizeof(float));
        TLanes y00 = TLanes.Load(y), y01 = TLanes.Load(y + rows);
        for (int block = 0; block < blocks; block++)
        {
            byte* scale0 = Multiples ? first.Scale : first.Scales + (block * Stride), scale1 = Multiples ? second.Scale : second.Scales + (block * Stride);
            TLanes s0 = TLanes.Load(scale0), s1 = TLanes.Load(scale1);
            TLanes u0 = TLanes.Broadcast(x0 + unit);
            Add(s0, u0, TLanes.Load(sums + (0 * Stride)), ref y00);
            Add(s1, u0, TLanes.Load(sums + (1 * Stride)), ref y01);
            if (TCodes.OffsetGroup != 0)
            {
                byte* offset0 = Multiples ? first.Offset : first.Offsets + (block * Stride), offset1 = Multiples ? second.Offset : second.Offsets + (block * Stride);
                s0 = TLanes.Load(offset0);
                s1 = TLanes.Load(offset1);
                TLanes m00 = default, m01 = default;
                if (Multiples)
                {
                    int own = TCodes.OffsetGroup == 16 ? x.Sums16At + (column / 8) : x.Sums32At + (column / 16);
                    for (int pair = 0; pair < Pairs; pair++)
                    {
                        TLanes p0 = TLanes.Load(first.Offsets + (pair * Stride)), p1 = TLanes.Load(second.Offsets + (pair * Stride));
                        TLanes c0 = TLanes.Broadcast(x0 + own + (4 * pair));
                        m00 = TLanes.AddInts(m00, TLanes.PairProducts(p0, c0));
                        m01 = TLanes.AddInts(m01, TLanes.PairProducts(p1, c0));
                    }
                }
                else
                {
                    int own = x.Sums32At + (column / 16) + (2 * block);
                    m00 = m01 = TLanes.OfInts(*(short*)(x0 + own));
                }

                Add(s0, u0, m00, ref y00);
                Add(s1, u0, m01, ref y01);
            }

            sums += BlockStride;
            unit += sizeof(float);
        }

        TLanes.Store(y00, y);
        TLanes.Store(y01, y + rows);
    }

    /// <summary>y = fma(scale·unit, sum, y).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(TLanes scale, TLanes unit, TLanes sum, ref TLanes y) =>
        y = TLanes.MultiplyAdd(TLanes.Multiply(scale, unit), TLanes.ToFloats(sum), y);
}
