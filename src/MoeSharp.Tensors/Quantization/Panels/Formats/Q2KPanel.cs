using MoeSharp.Tensors.Quantization.Panels.Lanes;

namespace MoeSharp.Tensors.Quantization.Panels.Formats;

/// <summary>Q2_K in panels. Of 16 rows: multiples of scale and offset, a byte for both, <c>[8, 16, 2]</c>; scales, then offsets <c>[16]</c>.</summary>
internal readonly unsafe struct Q2KPanel : IPanelCodes
{
    private const int Groups = 16;
    private const int CodesAt = 16;
    private const int ScaleAt = 80;

    public static int BlockLength => 256;

    public static int CodeWords => 16;

    public static int ScaleBytes => 320;

    public static int RunSteps => 4;

    public static int Bias => 0;

    public static bool IsSigned => false;

    public static int OffsetGroup => 16;

    public static void Pack(byte* block, uint* words, byte* scales, int row)
    {
        Nibbles.Pack(block + CodesAt, CodeWords, words);
        for (int group = 0; group < Groups; group++)
        {
            scales[(group / 2 * 32) + (2 * row) + (group % 2)] = block[group];
        }

        ((ushort*)(scales + 256))[row] = *(ushort*)(block + ScaleAt);
        ((ushort*)(scales + 288))[row] = *(ushort*)(block + ScaleAt + 2);
    }

    public static void Restore(uint* words, byte* scales, int row, byte* block)
    {
        Nibbles.Restore(words, CodeWords, block + CodesAt);
        for (int group = 0; group < Groups; group++)
        {
            block[group] = scales[(group / 2 * 32) + (2 * row) + (group % 2)];
        }

        *(ushort*)(block + ScaleAt) = ((ushort*)(scales + 256))[row];
        *(ushort*)(block + ScaleAt + 2) = ((ushort*)(scales + 288))[row];
    }

    public static void ExpandCodes<TLanes>(byte* words, byte* codes)
        where TLanes : struct, ICodeLanes<TLanes>
    {
        const int stride = PanelTile.Stride;
        TLanes mask = TLanes.OfBytes(3);
        for (int run = 0; run < 2; run++)
        {
            for (int i = 0; i < 8; i++)
            {
                TLanes four = TLanes.Load(words + (((run * 8) + i) * stride));
                byte* target = codes + (((run * 32) + i) * stride);
                TLanes.Store(TLanes.And(four, mask), target);
                TLanes.Store(TLanes.And(TLanes.ShiftRight(four, 2), mask), target + (8 * stride));
                TLanes.Store(TLanes.And(TLanes.ShiftRight(four, 4), mask), target + (16 * stride));
                TLanes.Store(TLanes.And(TLanes.ShiftRight(four, 6), mask), target + (24 * stride));
            }
        }
    }

    public static void ExpandScales<TLanes>(byte* scales, int row, PanelTile tile, int block)
        where TLanes : struct, ICodeLanes<TLanes>
    {
        const int stride = PanelTile.Stride;
        TLanes mask = TLanes.OfShorts(15);
        for (int pair = 0; pair < Groups / 2; pair++)
        {
            TLanes both = TLanes.WidenPairs(scales + (pair * 32) + (2 * row));
            TLanes scale = TLanes.And(both, mask);
            TLanes.Store(TLanes.Duplicate(scale), tile.Scales + (2 * pair * stride));
            TLanes.Store(TLanes.Duplicate(TLanes.ShiftRight(scale, 16)), tile.Scales + (((2 * pair) + 1) * stride));
            TLanes.Store(TLanes.And(TLanes.ShiftRight(both, 4), mask), tile.Offsets + (pair * stride));
        }

        Nibbles.Half<TLanes>(scales + 256, row, tile.Scale);
        Nibbles.NegativeHalf<TLanes>(scales + 288, row, tile.Offset);
    }
}
