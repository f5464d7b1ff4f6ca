using System.Runtime.CompilerServices;
using MoeSharp.Tensors.Quantization.Panels.Lanes;

namespace MoeSharp.Tensors.Quantization.Panels.Formats;

/// <summary>Q4_1 in panels. Of 16 rows: scales, then offsets.</summary>
internal readonly unsafe struct Q41Panel : IPanelCodes
{
    public static int BlockLength => 32;

    public static int CodeWords => 4;

    public static int ScaleBytes => 64;

    public static int RunSteps => 8;

    public static int Bias => 0;

    public static int Outputs => 2;

    public static int Passes => 4;

    public static bool IsSigned => false;

    public static int OffsetGroup => 32;

    public static void Pack(byte* block, uint* words, byte* scales, int row)
    {
        Nibbles.Pack(block + 4, CodeWords, words);
        ((ushort*)scales)[row] = *(ushort*)block;
        ((ushort*)(scales + 32))[row] = *(ushort*)(block + 2);
    }

    public static void Restore(uint* words, byte* scales, int row, byte* block)
    {
        Nibbles.Restore(words, CodeWords, block + 4);
        *(ushort*)block = ((ushort*)scales)[row];
        *(ushort*)(block + 2) = ((ushort*)(scales + 32))[row];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Decode<TLanes>(
        byte* words, int unit, int pass, out TLanes first, out TLanes second, out TLanes third, out TLanes fourth)
        where TLanes : struct, ICodeLanes<TLanes>
    {
        third = fourth = default;
        Nibbles.Decode(words + (pass * PanelTile.Stride), out first, out second);
    }

    public static void ExpandScales<TLanes>(byte* scales, int row, PanelTile tile, int block)
        where TLanes : struct, ICodeLanes<TLanes>
    {
        Nibbles.Half<TLanes>(scales, row, tile.Scales + (block * PanelTile.Stride));
        Nibbles.Half<TLanes>(scales + 32, row, tile.Offsets + (block * PanelTile.Stride));
    }
}
