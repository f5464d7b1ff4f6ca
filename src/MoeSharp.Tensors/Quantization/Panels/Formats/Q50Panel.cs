using System.Runtime.CompilerServices;
using MoeSharp.Tensors.Quantization.Panels.Lanes;

namespace MoeSharp.Tensors.Quantization.Panels.Formats;

/// <summary>Q5_0 in panels: a word of fifth bits, four of low bits; codes are stored plus 16. Of 16 rows: scales.</summary>
internal readonly unsafe struct Q50Panel : IPanelCodes
{
    public static int BlockLength => 32;

    public static int CodeWords => 5;

    public static int ScaleBytes => 32;

    public static int RunSteps => 8;

    public static int Bias => 16;

    public static int Outputs => 2;

    public static int Passes => 4;

    public static bool IsSigned => false;

    public static int OffsetGroup => 0;

    public static void Pack(byte* block, uint* words, byte* scales, int row)
    {
        words[0] = FifthBits.Spread(*(uint*)(block + 2));
        Nibbles.Pack(block + 6, CodeWords - 1, words + 16);
        ((ushort*)scales)[row] = *(ushort*)block;
    }

    public static void Restore(uint* words, byte* scales, int row, byte* block)
    {
        *(uint*)(block + 2) = FifthBits.Gather(words[0]);
        Nibbles.Restore(words + 16, CodeWords - 1, block + 6);
        *(ushort*)block = ((ushort*)scales)[row];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Decode<TLanes>(
        byte* words, int unit, int pass, out TLanes first, out TLanes second, out TLanes third, out TLanes fourth)
        where TLanes : struct, ICodeLanes<TLanes>
    {
        third = fourth = default;
        FifthBits.Decode(words, pass, out first, out second);
    }

    public static void ExpandScales<TLanes>(byte* scales, int row, PanelTile tile, int block)
        where TLanes : struct, ICodeLanes<TLanes> =>
        Nibbles.Half<TLanes>(scales, row, tile.Scales + (block * PanelTile.Stride));
}
