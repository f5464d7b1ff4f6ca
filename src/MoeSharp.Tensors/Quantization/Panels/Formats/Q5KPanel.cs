using System.Runtime.CompilerServices;
using MoeSharp.Tensors.Quantization.Panels.Lanes;

namespace MoeSharp.Tensors.Quantization.Panels.Formats;

/// <summary>Q5_K in panels: 8 words of fifth bits, then 32 of low bits.</summary>
internal readonly unsafe struct Q5KPanel : IPanelCodes
{
    private const int CodesAt = 16;
    private const int HighWords = 8;
    private const int Stride = PanelTile.Stride;

    public static int BlockLength => 256;

    public static int CodeWords => 40;

    public static int ScaleBytes => AffinePairs.Bytes;

    public static int RunSteps => 4; // 8 products of 31·127 in 16 bits

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
        Nibbles.Decode(words + ((HighWords + (unit * Passes) + pass) * Stride), out first, out second);

        // Bit k of a byte belongs to group k of 32: two groups a unit.
        TLanes high = TLanes.ShiftRight(TLanes.Load(words + (pass * Stride)), 2 * unit);
        first = TLanes.Or(first, TLanes.And(TLanes.ShiftLeft(high, 4), TLanes.OfBytes(16)));
        second = TLanes.Or(second, TLanes.And(TLanes.ShiftLeft(high, 3), TLanes.OfBytes(16)));
    }

    public static void ExpandScales<TLanes>(byte* scales, int row, PanelTile tile, int block)
        where TLanes : struct, ICodeLanes<TLanes> => AffinePairs.Expand<TLanes>(scales, row, tile, runs: 2);
}
