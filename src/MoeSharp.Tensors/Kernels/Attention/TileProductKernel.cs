using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>Small products inside attention: <c>c[i, j] = Σₖ a(i, k)·b[k, j]</c> for up to a tile of rows.</summary>
/// <remarks>
/// <para>The factor b has rows along the columns of c, so a register of b meets one broadcast number of a; a may be read along its
/// rows or across them. All attention products take this form: scores against key panels, weights against value rows, and the
/// five products of the backward pass.</para>
/// <para>Rounding: each element is one chain of fused multiply-adds over ascending k, from 0 or from the old c, at every width
/// and in every tile. Columns that do not fill registers go on with narrower ones, at last with single floats: nothing is read
/// or written past them.</para>
/// </remarks>
internal static unsafe class TileProductKernel
{
    /// <summary>The product of <paramref name="rows"/> rows, <paramref name="columns"/> columns and <paramref name="depth"/> steps.</summary>
    public static void Run<TLanes>(in TileOperands operands, int rows, int columns, int depth, bool accumulate)
        where TLanes : struct, ILanes<TLanes>
    {
        int row = 0;
        for (; row + 6 <= rows; row += 6)
        {
            Six<TLanes>(operands, row, 0, columns, depth, accumulate);
        }

        if (row + 4 <= rows)
        {
            Four<TLanes>(operands, row, 0, columns, depth, accumulate);
            row += 4;
        }

        if (row + 2 <= rows)
        {
            Two<TLanes>(operands, row, 0, columns, depth, accumulate);
            row += 2;
        }

        if (row < rows)
        {
            One<TLanes>(operands, row, 0, columns, depth, accumulate);
        }
    }

    /// <summary>As <see cref="Run"/>, and asks for other memory on the way, evenly over the depth.</summary>
    /// <param name="operands">The factors.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="depth">Steps.</param>
    /// <param name="accumulate">Whether c goes on from its old values.</param>
    /// <param name="next">What to bring into the cache.</param>
    /// <param name="bytesPerStep">How much of it for each step of the depth.</param>
    public static void Stream<TLanes>(
        in TileOperands operands, int rows, int columns, int depth, bool accumulate, byte* next, long bytesPerStep)
        where TLanes : struct, ILanes<TLanes>
    {
        const int block = 16; // steps; about as many lines as a core can have under way
        for (int k = 0; k < depth; k += block)
        {
            int steps = Math.Min(block, depth - k);
            KeyValuePackKernel.Prefetch(next + (k * bytesPerStep), steps * bytesPerStep);
            Run<TLanes>(operands.FromDepth(k), rows, columns, steps, accumulate || k > 0);
        }
    }

    /// <summary>The definition. Every other path gives the same bits.</summary>
    internal static void Scalar(in TileOperands operands, int rows, int columns, int depth, bool accumulate)
    {
        for (long row = 0; row < rows; row++)
        {
            for (long column = 0; column < columns; column++)
            {
                Element(operands, row, column, depth, accumulate);
            }
        }
    }

    private static void Six<TLanes>(in TileOperands t, int row, int column, int columns, int depth, bool accumulate)
        where TLanes : struct, ILanes<TLanes>
    {
        for (; column + (2 * TLanes.Count) <= columns; column += 2 * TLanes.Count)
        {
            RegisterTiles.Six<TLanes>(t, row, column, depth, accumulate);
        }

        if (column == columns)
        {
            return;
        }

        if (TLanes.Count == 16)
        {
            Six<Lanes256>(t, row, column, columns, depth, accumulate);
        }
        else if (TLanes.Count == 8)
        {
            Six<Lanes128>(t, row, column, columns, depth, accumulate);
        }
        else
        {
            Rest(t, row, 6, column, columns, depth, accumulate);
        }
    }

    private static void Four<TLanes>(in TileOperands t, int row, int column, int columns, int depth, bool accumulate)
        where TLanes : struct, ILanes<TLanes>
    {
        for (; column + (2 * TLanes.Count) <= columns; column += 2 * TLanes.Count)
        {
            RegisterTiles.Four<TLanes>(t, row, column, depth, accumulate);
        }

        if (column == columns)
        {
            return;
        }

        if (TLanes.Count == 16)
        {
            Four<Lanes256>(t, row, column, columns, depth, accumulate);
        }
        else if (TLanes.Count == 8)
        {
            Four<Lanes128>(t, row, column, columns, depth, accumulate);
        }
        else
        {
            Rest(t, row, 4, column, columns, depth, accumulate);
        }
    }

    private static void Two<TLanes>(in TileOperands t, int row, int column, int columns, int depth, bool accumulate)
        where TLanes : struct, ILanes<TLanes>
    {
        for (; column + (4 * TLanes.Count) <= columns; column += 4 * TLanes.Count)
        {
            RegisterTiles.Two<TLanes>(t, row, column, depth, accumulate);
        }

        if (column == columns)
        {
            return;
        }

        if (TLanes.Count == 16)
        {
            Two<Lanes256>(t, row, column, columns, depth, accumulate);
        }
        else if (TLanes.Count == 8)
        {
            Two<Lanes128>(t, row, column, columns, depth, accumulate);
        }
        else
        {
            Rest(t, row, 2, column, columns, depth, accumulate);
        }
    }

    private static void One<TLanes>(in TileOperands t, int row, int column, int columns, int depth, bool accumulate)
        where TLanes : struct, ILanes<TLanes>
    {
        for (; column + (8 * TLanes.Count) <= columns; column += 8 * TLanes.Count)
        {
            SingleRowTiles.OneWide<TLanes>(t, row, column, depth, accumulate);
        }

        for (; column + (4 * TLanes.Count) <= columns; column += 4 * TLanes.Count)
        {
            SingleRowTiles.One<TLanes>(t, row, column, depth, accumulate);
        }

        if (column == columns)
        {
            return;
        }

        if (TLanes.Count == 16)
        {
            One<Lanes256>(t, row, column, columns, depth, accumulate);
        }
        else if (TLanes.Count == 8)
        {
            One<Lanes128>(t, row, column, columns, depth, accumulate);
        }
        else
        {
            Rest(t, row, 1, column, columns, depth, accumulate);
        }
    }

    private static void Rest(in TileOperands t, int row, int rows, int column, int columns, int depth, bool accumulate)
    {
        for (; column < columns; column++)
        {
            for (int i = 0; i < rows; i++)
            {
                Element(t, row + i, column, depth, accumulate);
            }
        }
    }

    private static void Element(in TileOperands t, long row, long column, int depth, bool accumulate)
    {
        float* a = t.A + (row * t.ARow), b = t.B + column, c = t.C + (row * t.CRow) + column;
        float sum = accumulate ? *c : 0;
        for (long k = 0; k < depth; k++)
        {
            sum = MathF.FusedMultiplyAdd(a[k * t.ADepth], b[k * t.BRow], sum);
        }

        *c = sum;
    }
}
