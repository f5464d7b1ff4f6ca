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

    public static void ExpandCodes<TLanes>(byte* words, byte* codes)
        where TLanes : struct, ICodeLanes<TLanes>
    {
        const int stride = PanelTile.Stride;
        TLanes mask = TLanes.OfBytes(15), upper = TLanes.OfBytes(48);
        for (int run = 0; run < 2; run++)
        {
            for (int i = 0; i < 8; i++)
            {
                TLanes high = TLanes.Load(words + ((LowWords + (run * 8) + i) * stride));
                byte* low = words + (((run * 16) + i) * stride), target = codes + (((run * 32) + i) * stride);
                TLanes first = TLanes.Load(low), second = TLanes.Load(low + (8 * stride));
                TLanes.Store(TLanes.Or(TLanes.And(first, mask), TLanes.And(TLanes.ShiftLeft(high, 4), upper)), target);
                TLanes.Store(TLanes.Or(TLanes.And(second, mask), TLanes.And(TLanes.ShiftLeft(high, 2), upper)), target + (8 * stride));
                TLanes.Store(TLanes.Or(TLanes.And(TLanes.ShiftRight(first, 4), mask), TLanes.And(high, upper)), target + (16 * stride));
                TLanes.Store(
                    TLanes.Or(TLanes.And(TLanes.ShiftRight(second, 4), mask), TLanes.And(TLanes.ShiftRight(high, 2), upper)), target + (24 * stride));
            }
        }
    }

    public static void ExpandScales<TLanes>(byte* scales, int row, PanelTile tile, int block)
        where TLanes : struct, ICodeLanes<TLanes>
    {
        Nibbles.SignedScales<TLanes>(scales, row, tile, Groups);
        Nibbles.Half<TLanes>(scales + 256, row, tile.Scale);
    }
}
