using System.Runtime.CompilerServices;
using MoeSharp.Tensors.Quantization.Panels.Lanes;
using MoeSharp.Tensors.Quantization.IQ4NL;

namespace MoeSharp.Tensors.Quantization.Panels.Formats;

/// <summary>IQ4_NL in panels. Of 16 rows: scales.</summary>
internal readonly unsafe struct IQ4NLPanel : IPanelCodes
{
    public static int BlockLength => 32;

    public static int CodeWords => 4;

    public static int ScaleBytes => 32;

    public static int RunSteps => 8;

    public static int Bias => 0;

    public static int Outputs => 2;

    public static int Passes => 4;

    public static bool IsSigned => true;

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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Decode<TLanes>(
        byte* words, int unit, int pass, out TLanes first, out TLanes second, out TLanes third, out TLanes fourth)
        where TLanes : struct, ICodeLanes<TLanes>
    {
        third = fourth = default;
        Nibbles.LookUp(words + (((unit * Passes) + pass) * PanelTile.Stride), UnevenLevels.Values, out first, out second);
    }

    public static void ExpandScales<TLanes>(byte* scales, int row, PanelTile tile, int block)
        where TLanes : struct, ICodeLanes<TLanes> =>
        Nibbles.Half<TLanes>(scales, row, tile.Scales + (block * PanelTile.Stride));
}
