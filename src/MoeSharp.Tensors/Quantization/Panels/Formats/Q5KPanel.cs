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

    public static void ExpandCodes<TLanes>(byte* words, byte* codes)
        where TLanes : struct, ICodeLanes<TLanes>
    {
        for (int i = 0; i < HighWords; i++)
        {
            // Bit k of a byte belongs to group k: moved up by one bit a group, the next is always bit 4.
            TLanes high = TLanes.Load(words + (i * Stride));
            byte* low = words + ((HighWords + i) * Stride), target = codes + (i * Stride);
            Pair(TLanes.ShiftLeft(high, 4), TLanes.ShiftLeft(high, 3), low, target);
            Pair(TLanes.ShiftLeft(high, 2), TLanes.ShiftLeft(high, 1), low + (8 * Stride), target + (16 * Stride));
            Pair(high, TLanes.ShiftRight(high, 1), low + (16 * Stride), target + (32 * Stride));
            Pair(TLanes.ShiftRight(high, 2), TLanes.ShiftRight(high, 3), low + (24 * Stride), target + (48 * Stride));
        }
    }

    public static void ExpandScales<TLanes>(byte* scales, int row, PanelTile tile, int block)
        where TLanes : struct, ICodeLanes<TLanes> => AffinePairs.Expand<TLanes>(scales, row, tile, runs: 2);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pair<TLanes>(TLanes first, TLanes second, byte* low, byte* target)
        where TLanes : struct, ICodeLanes<TLanes>
    {
        TLanes mask = TLanes.OfBytes(15), fifth = TLanes.OfBytes(16), both = TLanes.Load(low);
        TLanes.Store(TLanes.Or(TLanes.And(both, mask), TLanes.And(first, fifth)), target);
        TLanes.Store(TLanes.Or(TLanes.And(TLanes.ShiftRight(both, 4), mask), TLanes.And(second, fifth)), target + (8 * Stride));
    }
}
