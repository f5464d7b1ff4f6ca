using MoeSharp.Tensors.Quantization.Panels.Lanes;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.Panels.Formats;

/// <summary>Q3_K in panels: 8 words of third bits, then 16 of low bits. Of 16 rows: multiples <c>[16, 16]</c>, scales <c>[16]</c>.</summary>
internal readonly unsafe struct Q3KPanel : IPanelCodes
{
    private const int HighWords = 8;
    private const int Groups = 16;
    private const int MultiplesAt = 96;
    private const int ScaleAt = 108;

    public static int BlockLength => 256;

    public static int CodeWords => 24;

    public static int ScaleBytes => 288;

    public static int RunSteps => 4;

    public static int Bias => 4;

    public static bool IsSigned => false;

    public static int OffsetGroup => 0;

    public static void Pack(byte* block, uint* words, byte* scales, int row)
    {
        Nibbles.Pack(block, CodeWords, words);
        var multiples = new ReadOnlySpan<byte>(block + MultiplesAt, 12);
        for (int group = 0; group < Groups; group++)
        {
            scales[(group * 16) + row] = (byte)SixBitScales.Read(multiples, group);
        }

        ((ushort*)(scales + 256))[row] = *(ushort*)(block + ScaleAt);
    }

    public static void Restore(uint* words, byte* scales, int row, byte* block)
    {
        Nibbles.Restore(words, CodeWords, block);
        Span<sbyte> values = stackalloc sbyte[Groups];
        for (int group = 0; group < Groups; group++)
        {
            values[group] = (sbyte)scales[(group * 16) + row];
        }

        var multiples = new Span<byte>(block + MultiplesAt, 12);
        multiples.Clear();
        SixBitScales.Write(values, multiples);
        *(ushort*)(block + ScaleAt) = ((ushort*)(scales + 256))[row];
    }

    public static void ExpandCodes<TLanes>(byte* words, byte* codes)
        where TLanes : struct, ICodeLanes<TLanes>
    {
        const int stride = PanelTile.Stride;
        TLanes mask = TLanes.OfBytes(3), third = TLanes.OfBytes(4);
        for (int run = 0; run < 2; run++)
        {
            for (int i = 0; i < 8; i++)
            {
                // Bit k of a byte belongs to group k of 32: the second run has bits 4 to 7.
                TLanes high = TLanes.Load(words + (i * stride));
                high = run == 0 ? high : TLanes.ShiftRight(high, 4);
                TLanes low = TLanes.Load(words + ((HighWords + (run * 8) + i) * stride));
                byte* target = codes + (((run * 32) + i) * stride);
                TLanes.Store(TLanes.Or(TLanes.And(low, mask), TLanes.And(TLanes.ShiftLeft(high, 2), third)), target);
                TLanes.Store(
                    TLanes.Or(TLanes.And(TLanes.ShiftRight(low, 2), mask), TLanes.And(TLanes.ShiftLeft(high, 1), third)), target + (8 * stride));
                TLanes.Store(TLanes.Or(TLanes.And(TLanes.ShiftRight(low, 4), mask), TLanes.And(high, third)), target + (16 * stride));
                TLanes.Store(
                    TLanes.Or(TLanes.And(TLanes.ShiftRight(low, 6), mask), TLanes.And(TLanes.ShiftRight(high, 1), third)), target + (24 * stride));
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
