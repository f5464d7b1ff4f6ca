using System.Runtime.CompilerServices;
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

    public static int Outputs => 4;

    public static int Passes => 8;

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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Decode<TLanes>(
        byte* words, int unit, int pass, out TLanes first, out TLanes second, out TLanes third, out TLanes fourth)
        where TLanes : struct, ICodeLanes<TLanes>
    {
        // Bit k of a byte belongs to group k of 32: the second unit has bits 4 to 7.
        TLanes high = TLanes.ShiftRight(TLanes.Load(words + (pass * PanelTile.Stride)), 4 * unit), bit = TLanes.OfBytes(4);
        Nibbles.DecodePairs(words + ((HighWords + (unit * Passes) + pass) * PanelTile.Stride), out first, out second, out third, out fourth);
        first = TLanes.Or(first, TLanes.And(TLanes.ShiftLeft(high, 2), bit));
        second = TLanes.Or(second, TLanes.And(TLanes.ShiftLeft(high, 1), bit));
        third = TLanes.Or(third, TLanes.And(high, bit));
        fourth = TLanes.Or(fourth, TLanes.And(TLanes.ShiftRight(high, 1), bit));
    }

    public static void ExpandScales<TLanes>(byte* scales, int row, PanelTile tile, int block)
        where TLanes : struct, ICodeLanes<TLanes>
    {
        Nibbles.SignedScales<TLanes>(scales, row, tile, Groups);
        Nibbles.Half<TLanes>(scales + 256, row, tile.Scale);
    }
}
