using MoeSharp.Tensors.Quantization.Panels.Lanes;

namespace MoeSharp.Tensors.Quantization.Panels.Formats;

/// <summary>Q4_0 in panels: codes are stored plus 8. Of 16 rows: scales.</summary>
internal readonly unsafe struct Q40Panel : IPanelCodes
{
    public static int BlockLength => 32;

    public static int CodeWords => 4;

    public static int ScaleBytes => 32;

    public static int RunSteps => 8;

    public static int Bias => 8;

    public static bool IsSigned => false;

    public static int OffsetGroup => 0;

    public static void Pack(byte* block, uint* words, byte* scales, int row)
    {
        Nibbles.Pack(block + 2, CodeWords, words);
        ((ushort*)scales)[row] = *(ushort*)block;
    }

    public static void Restore(uint* words, byte* scales, int row, byte* block)
    {
        Nibbles.Restore(words, CodeWords, block + 2);
        *(ushort*)block = ((ushort*)scales)[row];
    }

    public static void ExpandCodes<TLanes>(byte* words, byte* codes)
        where TLanes : struct, ICodeLanes<TLanes> => Nibbles.Expand<TLanes>(words, codes, runWords: 4, runs: 1);

    public static void ExpandScales<TLanes>(byte* scales, int row, PanelTile tile, int block)
        where TLanes : struct, ICodeLanes<TLanes> =>
        Nibbles.Half<TLanes>(scales, row, tile.Scales + (block * PanelTile.Stride));
}
