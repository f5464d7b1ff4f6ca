using System.Runtime.CompilerServices;
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

    public static int Outputs => 4;

    public static int Passes => 8;

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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Decode<TLanes>(
        byte* words, int unit, int pass, out TLanes first, out TLanes second, out TLanes third, out TLanes fourth)
        where TLanes : struct, ICodeLanes<TLanes>
 =>
        Nibbles.DecodePairs(words + (((unit * Passes) + pass) * PanelTile.Stride), out first, out second, out third, out fourth);

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
