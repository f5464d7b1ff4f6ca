using System.Runtime.CompilerServices;
using MoeSharp.Tensors.Quantization.Panels.Lanes;

namespace MoeSharp.Tensors.Quantization.Panels.Formats;

/// <summary>Q6_K in panels: 32 words of low bits, then 16 of high bits. Of 16 rows: multiples <c>[16, 16]</c>, scales <c>[16]</c>.</summary>
internal readonly unsafe struct Q6KPanel : IPanelCodes
{
    private const int LowWords = 32;
    private const int Groups = 16;
    private const int MultiplesAt = 192;
    private const int ScaleAt = 208;

    public static int BlockLength => 256;

    public static int CodeWords => 48;

    public static int ScaleBytes => 288;

    public static int RunSteps => 4;

    public static int Bias => 32; // 8 products of at most 32·127 in 16 bits

    public static int Outputs => 4;

    public static int Passes => 8;

    public static bool IsSigned => false;

    public static int OffsetGroup => 0;

    public static void Pack(byte* block, uint* words, byte* scales, int row)
    {
        Nibbles.Pack(block, CodeWords, words);
        for (int group = 0; group < Groups; group++)
        {
            scales[(group * 16) + row] = block[MultiplesAt + group];
        }

        ((ushort*)(scales + 256))[row] = *(ushort*)(block + ScaleAt);
    }

    public static void Restore(uint* words, byte* scales, int row, byte* block)
    {
        Nibbles.Restore(words, CodeWords, block);
        for (int group = 0; group < Groups; group++)
        {
            block[MultiplesAt + group] = scales[(group * 16) + row];
        }

        *(ushort*)(block + ScaleAt) = ((ushort*)(scales + 256))[row];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Decode<TLanes>(
        byte* words, int unit, int pass, out TLanes first, out TLanes second, out TLanes third, out TLanes fourth)
        where TLanes : struct, ICodeLanes<TLanes>
    {
        byte* low = words + (((unit * 16) + pass) * PanelTile.Stride);
        TLanes high = TLanes.Load(words + ((LowWords + (unit * Passes) + pass) * PanelTile.Stride)), upper = TLanes.OfBytes(48);
        Nibbles.Decode(low, out first, out third);
        Nibbles.Decode(low + (Passes * PanelTile.Stride), out second, out fourth);
        first = TLanes.Or(first, TLanes.And(TLanes.ShiftLeft(high, 4), upper));
        second = TLanes.Or(second, TLanes.And(TLanes.ShiftLeft(high, 2), upper));
        third = TLanes.Or(third, TLanes.And(high, upper));
        fourth = TLanes.Or(fourth, TLanes.And(TLanes.ShiftRight(high, 2), upper));
    }

    public static void ExpandScales<TLanes>(byte* scales, int row, PanelTile tile, int block)
        where TLanes : struct, ICodeLanes<TLanes>
    {
        Nibbles.SignedScales<TLanes>(scales, row, tile, Groups);
        Nibbles.Half<TLanes>(scales + 256, row, tile.Scale);
    }
}
