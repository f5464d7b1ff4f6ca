using System.Runtime.CompilerServices;
using MoeSharp.Tensors.Quantization.Panels.Lanes;

namespace MoeSharp.Tensors.Quantization.Panels.Formats;

/// <summary>MXFP4 in panels: codes are twice the float plus 12. Of 16 rows: exponents.</summary>
internal readonly unsafe struct MXFP4Panel : IPanelCodes
{
    /// <summary>Twice the value of each code, plus 12.</summary>
    private static ReadOnlySpan<sbyte> Values => [12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0];

    public static int BlockLength => 32;

    public static int CodeWords => 4;

    public static int ScaleBytes => 16;

    public static int RunSteps => 8;

    public static int Bias => 12;

    public static int Outputs => 2;

    public static int Passes => 4;

    public static bool IsSigned => false;

    public static int OffsetGroup => 0;

    public static void Pack(byte* block, uint* words, byte* scales, int row)
    {
        Nibbles.Pack(block + 1, CodeWords, words);
        scales[row] = *block;
    }

    public static void Restore(uint* words, byte* scales, int row, byte* block)
    {
        Nibbles.Restore(words, CodeWords, block + 1);
        *block = scales[row];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Decode<TLanes>(
        byte* words, int unit, int pass, out TLanes first, out TLanes second, out TLanes third, out TLanes fourth)
        where TLanes : struct, ICodeLanes<TLanes>
    {
        third = fourth = default;
        Nibbles.LookUp(words + (((unit * Passes) + pass) * PanelTile.Stride), Values, out first, out second);
    }

    public static void ExpandScales<TLanes>(byte* scales, int row, PanelTile tile, int block)
        where TLanes : struct, ICodeLanes<TLanes> =>
        TLanes.Store(TLanes.HalfPowers(scales + row), tile.Scales + (block * PanelTile.Stride));
}
