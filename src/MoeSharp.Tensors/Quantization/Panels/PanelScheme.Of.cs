using System.Runtime.Intrinsics.X86;
using MoeSharp.Tensors.Quantization.Panels.Lanes;

namespace MoeSharp.Tensors.Quantization.Panels;

/// <summary>The scheme of one format.</summary>
internal sealed unsafe class PanelScheme<TCodes> : PanelScheme
    where TCodes : struct, IPanelCodes
{
    private const int AheadBytes = 7200; // of a panel, about: what memory delivers in the time that it takes to answer, and some more
    private readonly int _blockBytes;
    private readonly BlockFormat _format;

    public PanelScheme(BlockFormat format)
    {
        _format = format;
        _blockBytes = format.BlockBytes;
    }

    public override int BlockLength => TCodes.BlockLength;

    private static int CodeBytes => TCodes.CodeWords * PanelTile.Stride;

    public override long PanelBytes(int columns) => BytesOf(columns);

    public override void Pack(byte* rows, int count, int columns, byte* panel)
    {
        if (count < Rows)
        {
            new Span<byte>(panel, (int)PanelBytes(columns)).Clear();
        }

        int blocks = columns / TCodes.BlockLength;
        byte* scales = panel + (blocks * CodeBytes);
        for (int block = 0; block < blocks; block++)
        {
            var words = (uint*)(panel + (block * CodeBytes));
            for (int row = 0; row < count; row++)
            {
                TCodes.Pack(rows + ((((long)row * blocks) + block) * _blockBytes), words + row, scales + (block * TCodes.ScaleBytes), row);
            }
        }
    }

    public override void Restore(byte* panel, int row, int columns, byte* target)
    {
        int blocks = columns / TCodes.BlockLength;
        byte* scales = panel + (blocks * CodeBytes);
        for (int block = 0; block < blocks; block++)
        {
            var words = (uint*)(panel + (block * CodeBytes));
            TCodes.Restore(words + row, scales + (block * TCodes.ScaleBytes), row, target + (block * _blockBytes));
        }
    }

    public override void Multiply(
        byte* first, byte* second, byte* next, in RowCodes x, long row, int count, int columns, float* scratch, float* sums)
    {
        switch (PanelWidth.Chosen)
        {
            case 512:
                Multiply<CodeLanes512>(first, second, next, x, row, count, columns, scratch, sums);
                break;
            case 256:
                Multiply<CodeLanes256>(first, second, next, x, row, count, columns, scratch, sums);
                break;
            case 128:
                Multiply<CodeLanes128>(first, second, next, x, row, count, columns, scratch, sums);
                break;
            default:
                PanelDefinition.Multiply(this, _format, first, second, x, row, count, columns, sums);
                break;
        }
    }

    /// <summary>As the other, with registers of a width.</summary>
    internal static void Multiply<TLanes>(
        byte* first, byte* second, byte* next, in RowCodes x, long row, int count, int columns, float* scratch, float* sums)
        where TLanes : struct, ICodeLanes<TLanes>
    {
        new Span<float>(sums, count * PanelWidth.SumRows).Clear();
        var left = new PanelTile((byte*)scratch);
        PanelTile right = second == null ? left : new PanelTile((byte*)scratch + PanelTile.Bytes);
        byte* whole = (byte*)scratch + (2 * PanelTile.Bytes);
        int registers = (second == null ? Rows : 2 * Rows) / TLanes.Rows;
        long panelBytes = BytesOf(columns);
        bool expands = count >= PanelKernel<TLanes, TCodes>.Together;
        for (int column = 0; column < columns; column += PanelTile.Columns)
        {
            int width = Math.Min(PanelTile.Columns, columns - column);
            byte* words0 = Expand<TLanes>(first, columns, column, width, left, expands);
            byte* words1 = second == null ? words0 : Expand<TLanes>(second, columns, column, width, right, expands);

            // While the arithmetic of this tile runs, memory brings a later one: a little with every pass, or at once where there are more tokens.
            byte* ahead0 = Later(first, next, columns, column, expands);
            byte* ahead1 = second == null ? ahead0 : Later(second, next + (next == null ? 0 : panelBytes), columns, column, expands);
            for (int register = 0; register < registers; register += 2)
            {
                // One register where a single panel fills it: the second multiplies the same rows for nothing.
                int other = Math.Min(register + 1, registers - 1);
                PanelTile a = Tile<TLanes>(left, right, register), b = Tile<TLanes>(left, right, other);
                byte* c = Words<TLanes>(words0, words1, register), d = Words<TLanes>(words0, words1, other);
                float* y = sums + (register * TLanes.Rows);
                int runs = width / (4 * TCodes.RunSteps), blocks = width / TCodes.BlockLength, done = 0;
                for (; done <= count - PanelKernel<TLanes, TCodes>.Together; done += PanelKernel<TLanes, TCodes>.Together)
                {
                    PanelKernel<TLanes, TCodes>.Four(a, b, runs, x, row + done, column, whole);
                    PanelSums<TLanes, TCodes>.Four(a, b, blocks, x, row + done, column, whole, y + (done * PanelWidth.SumRows));
                }

                for (; done < count; done++)
                {
                    PanelKernel<TLanes, TCodes>.One(c, d, a, b, blocks, x, row + done, column, whole, ahead0, ahead1);
                    PanelSums<TLanes, TCodes>.One(a, b, blocks, x, row + done, column, whole, y + (done * PanelWidth.SumRows));
                    ahead0 = words0; // once
                    ahead1 = words1;
                }
            }
        }
    }

    /// <summary>The codes of a tile some way ahead: past the end of a panel, of the one that comes next. Asks for its scales.</summary>
    private static byte* Later(byte* panel, byte* next, int columns, int column, bool asksForCodes)
    {
        int blocks = columns / TCodes.BlockLength, count = PanelTile.Columns / TCodes.BlockLength;
        int tile = count * (CodeBytes + TCodes.ScaleBytes), later = (column / TCodes.BlockLength) + (Math.Max(1, AheadBytes / tile) * count);
        byte* scales = panel + ((long)blocks * CodeBytes);
        if (later >= blocks)
        {
            if (next == null)
            {
                return panel;
            }

            scales += next - panel;
            panel = next;
            later = Math.Min(later - blocks, blocks - 1);
        }

        byte* words = panel + ((long)later * CodeBytes);
        Ask(scales + ((long)later * TCodes.ScaleBytes), count * TCodes.ScaleBytes);
        if (asksForCodes)
        {
            Ask(words, count * CodeBytes);
        }

        return words;
    }

    private static void Ask(byte* memory, int bytes)
    {
        for (int line = 0; Sse.IsSupported && line < bytes; line += PanelTile.Stride)
        {
            Sse.Prefetch1(memory + line);
        }
    }

    private static PanelTile Tile<TLanes>(PanelTile left, PanelTile right, int register)
        where TLanes : struct, ICodeLanes<TLanes>
    {
        int row = register * TLanes.Rows;
        return row < Rows ? left.From(row) : right.From(row - Rows);
    }

    private static long BytesOf(int columns)
    {
        long bytes = (long)(columns / TCodes.BlockLength) * (CodeBytes + TCodes.ScaleBytes);
        return (bytes + PanelTile.Stride - 1) / PanelTile.Stride * PanelTile.Stride;
    }

    private static byte* Words<TLanes>(byte* first, byte* second, int register)
        where TLanes : struct, ICodeLanes<TLanes>
    {
        int row = register * TLanes.Rows;
        return row < Rows ? first + (row * sizeof(int)) : second + ((row - Rows) * sizeof(int));
    }

    /// <summary>Scales of a tile, and where they are used more than once, codes.</summary>
    /// <returns>The code words of the tile.</returns>
    private static byte* Expand<TLanes>(byte* panel, int columns, int column, int width, PanelTile tile, bool expandsCodes)
        where TLanes : struct, ICodeLanes<TLanes>
    {
        int start = column / TCodes.BlockLength;
        byte* words = panel + ((long)start * CodeBytes);
        byte* scales = panel + ((long)(columns / TCodes.BlockLength) * CodeBytes) + ((long)start * TCodes.ScaleBytes);
        for (int block = 0; block < width / TCodes.BlockLength; block++)
        {
            for (int row = 0; row < Rows; row += TLanes.Rows)
            {
                PanelTile target = tile.From(row);
                TCodes.ExpandScales<TLanes>(scales + (block * TCodes.ScaleBytes), row, target, block);
                if (expandsCodes)
                {
                    ExpandCodes<TLanes>(words + (block * CodeBytes) + (row * sizeof(int)), target.Codes + (block * TCodes.BlockLength / 4 * PanelTile.Stride));
                }
            }
        }

        return words;
    }

    private static void ExpandCodes<TLanes>(byte* words, byte* codes)
        where TLanes : struct, ICodeLanes<TLanes>
    {
        const int stride = PanelTile.Stride;
        for (int unit = 0; unit < TCodes.BlockLength / (4 * TCodes.Outputs * TCodes.Passes); unit++)
        {
            for (int pass = 0; pass < TCodes.Passes; pass++)
            {
                TCodes.Decode(words, unit, pass, out TLanes first, out TLanes second, out TLanes third, out TLanes fourth);
                byte* target = codes + (pass * stride);
                TLanes.Store(first, target);
                if (TCodes.Outputs > 1)
                {
                    TLanes.Store(second, target + (TCodes.Passes * stride));
                }

                if (TCodes.Outputs > 2)
                {
                    TLanes.Store(third, target + (2 * TCodes.Passes * stride));
                    TLanes.Store(fourth, target + (3 * TCodes.Passes * stride));
                }
            }

            codes += TCodes.Outputs * TCodes.Passes * stride;
        }
    }
}
