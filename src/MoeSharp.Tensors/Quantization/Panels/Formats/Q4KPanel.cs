using System.Runtime.CompilerServices;
using MoeSharp.Tensors.Quantization.Panels.Lanes;

namespace MoeSharp.Tensors.Quantization.Panels.Formats;

/// <summary>Q4_K in panels.</summary>
internal readonly unsafe struct Q4KPanel : IPanelCodes
{
    private const int CodesAt = 16;

    public static int BlockLength => 256;

    public static int CodeWords => 32;

    public static int ScaleBytes => AffinePairs.Bytes;

    public static int RunSteps => 8; // 16 products of 15·127 in 16 bits

    public static int Bias => 0;

    public static int Outputs => 2;

    public static int Passes => 8;

    public static bool IsSigned => false;

    public static int OffsetGroup => 32;

    public static void Pack(byte* block, uint* words, byte* scales, int row)
    {
        Nibbles.Pack(block + CodesAt, CodeWords, words);
        AffinePairs.Pack(block, scales, row);
    }

    public static void Restore(uint* words, byte* scales, int row, byte* block)
    {
        Nibbles.Restore(words, CodeWords, block + CodesAt);
        AffinePairs.Restore(scales, row, block);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Decode<TLanes>(
        byte* words, int unit, int pass, out TLanes first, out TLanes second, out TLanes third, out TLanes fourth)
        where TLanes : struct, ICodeLanes<TLanes>
    {
        third = fourth = default;
        Nibbles.Decode(words + (((unit * Passes) + pass) * PanelTile.Stride), out first, out second);
    }

    public static void ExpandScales<TLanes>(byte* scales, int row, PanelTile tile, int block)
        where TLanes : struct, ICodeLanes<TLanes> => AffinePairs.Expand<TLanes>(scales, row, tile, runs: 1);
}
