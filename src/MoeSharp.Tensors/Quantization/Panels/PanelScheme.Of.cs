using System.Runtime.Intrinsics.X86;
using MoeSharp.Tensors.Quantization.Panels.Lanes;

namespace MoeSharp.Tensors.Quantization.Panels;

/// <summary>The scheme of one format.</summary>
internal sealed unsafe class PanelScheme<TCodes> : PanelScheme
    where TCodes : struct, IPanelCodes
{
    private readonly int _blockBytes;
    private readonly BlockFormat _format;

    public PanelScheme(BlockFormat format)
    {
        _format = format;
        _blockBytes = format.BlockBytes;
    }

    public override int BlockLength => TCodes.BlockLength;

    private static int CodeBytes => TCodes.CodeWords * PanelTile.Stride;

    public override long PanelBytes(int columns)
    {
        long bytes = columns / TCodes.BlockLength * (CodeBytes + TCodes.ScaleBytes);
        return (bytes + PanelTile.Stride - 1) / PanelTile.Stride * PanelTile.Stride;
    }

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

    public override void Multiply(byte* first, byte* second, in RowCodes x, long row, int count, int columns, float* scratch, float* sums)
    {
        switch (PanelWidth.Chosen)
        {
            case 512:
                Multiply<CodeLanes512>(first, second, x, row, count, columns, scratch, sums);
                break;
            case 256:
                Multiply<CodeLanes256>(first, second, x, row, count, columns, scratch, sums);
                break;
            case 128:
                Multiply<CodeLanes128>(first, second, x, row, count, columns, scratch, sums);
                break;
            default:
                PanelDefinition.Multiply(this, _format, first, second, x, row, count, columns, sums);
                break;
        }
    }

    /// <summary>As the other, with registers of a width.</summary>
    internal static void Multiply<TLanes>(
        byte* first, byte* second, in RowCodes x, long row, int count, int columns, float* scratch, float* sums)
        where TLanes : struct, ICodeLanes<TLanes>
    {
        new Span<float>(sums, count * PanelWidth.SumRows).Clear();
        var left = new PanelTile((byte*)scratch);
        PanelTile right = second == null ? left : new PanelTile((byte*)scratch + PanelTile.Bytes);
        byte* whole = (byte*)scratch + (2 * PanelTile.Bytes);
        int registers = (second == null ? Rows : 2 * Rows) / TLanes.Rows;
        for (int column = 0; column < columns; column += PanelTile.Columns)
        {
            int width = Math.Min(PanelTile.Columns, columns - column);
            Expand<TLanes>(first, columns, column, width, left);
            if (second != null)
            {
                Expand<TLanes>(second, columns, column, width, right);
            }

            // While the arithmetic of this tile runs, memory brings the next one.
            byte* ahead0 = Next(first, columns, column), ahead1 = second == null ? ahead0 : Next(second, columns, column);
            for (int register = 0; register < registers; register += 2)
            {
                // One register where a single panel fills it: the second multiplies the same rows for nothing.
                PanelTile a = Tile<TLanes>(left, right, register), b = Tile<TLanes>(left, right, Math.Min(register + 1, registers - 1));
                Multiply<TLanes>(a, b, width, x, row, count, column, whole, sums + (register * TLanes.Rows), ahead0, ahead1);
                ahead0 = ahead1 = left.Codes;
            }
        }
    }

    /// <summary>The codes of the tile after that at a column: at the end of a panel, of the panel after the next.</summary>
    private static byte* Next(byte* panel, int columns, int column)
    {
        int blocks = columns / TCodes.BlockLength, next = (column + PanelTile.Columns) / TCodes.BlockLength;
        bool isLast = next >= blocks;
        byte* scales = panel + ((long)blocks * CodeBytes);
        if (isLast)
        {
            long bytes = ((blocks * (CodeBytes + TCodes.ScaleBytes)) + PanelTile.Stride - 1) / PanelTile.Stride * PanelTile.Stride;
            panel += 2 * bytes;
            scales += 2 * bytes;
            next = 0;
        }

        if (Sse.IsSupported)
        {
            for (int line = 0; line < PanelTile.Columns / TCodes.BlockLength * TCodes.ScaleBytes; line += PanelTile.Stride)
            {
                Sse.Prefetch0(scales + ((long)next * TCodes.ScaleBytes) + line);
            }
        }

        return panel + ((long)next * CodeBytes);
    }

    /// <summary>Two registers of rows times all tokens.</summary>
    private static void Multiply<TLanes>(
        PanelTile first, PanelTile second, int width, in RowCodes x, long row, int count, int column, byte* whole, float* y,
        byte* ahead0, byte* ahead1)
        where TLanes : struct, ICodeLanes<TLanes>
    {
        const int together = PanelKernel<TLanes, TCodes>.Together;
        int runs = width / (4 * TCodes.RunSteps), blocks = width / TCodes.BlockLength, done = 0;
        for (; done <= count - together; done += together)
        {
            PanelKernel<TLanes, TCodes>.Four(first, second, runs, x, row + done, column, whole);
            PanelSums<TLanes, TCodes>.Four(first, second, blocks, x, row + done, column, whole, y + (done * PanelWidth.SumRows));
        }

        for (; done < count; done++)
        {
            PanelKernel<TLanes, TCodes>.One(first, second, runs, x, row + done, column, whole, ahead0, ahead1);
            PanelSums<TLanes, TCodes>.One(first, second, blocks, x, row + done, column, whole, y + (done * PanelWidth.SumRows));
        }
    }

    private static PanelTile Tile<TLanes>(PanelTile left, PanelTile right, int register)
        where TLanes : struct, ICodeLanes<TLanes>
    {
        int row = register * TLanes.Rows;
        return row < Rows ? left.From(row) : right.From(row - Rows);
    }

    private static void Expand<TLanes>(byte* panel, int columns, int column, int width, PanelTile tile)
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
                TCodes.ExpandCodes<TLanes>(words + (row * sizeof(int)), target.Codes + (block * TCodes.BlockLength / 4 * PanelTile.Stride));
                TCodes.ExpandScales<TLanes>(scales, row, target, block);
            }

            words += CodeBytes;
            scales += TCodes.ScaleBytes;
        }
    }
}
