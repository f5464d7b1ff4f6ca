using System.Runtime.CompilerServices;
using MoeSharp.Tensors.Quantization.IQ4NL;
using MoeSharp.Tensors.Quantization.Panels.Lanes;

namespace MoeSharp.Tensors.Quantization.Panels.Formats;

/// <summary>IQ4_XS in panels. Of 16 rows: multiples, a signed byte each, <c>[8, 16]</c>; scales <c>[16]</c>.</summary>
internal readonly unsafe struct IQ4XSPanel : IPanelCodes
{
    private const int Groups = 8;
    private const int MultipleBias = 32;
    private const int CodesAt = 8;

    public static int BlockLength => 256;

    public static int CodeWords => 32;

    public static int ScaleBytes => 160;

    public static int RunSteps => 8;

    public static int Bias => 0;

    public static int Outputs => 2;

    public static int Passes => 4;

    public static bool IsSigned => true;

    public static int OffsetGroup => 0;

    public static void Pack(byte* block, uint* words, byte* scales, int row)
    {
        Nibbles.Pack(block + CodesAt, CodeWords, words);
        uint high = *(ushort*)(block + 2), low = *(uint*)(block + 4);
        for (int group = 0; group < Groups; group++)
        {
            uint multiple = ((low >> (4 * group)) & 15) | (((high >> (2 * group)) & 3) << 4);
            scales[(group * 16) + row] = (byte)((int)multiple - MultipleBias);
        }

        ((ushort*)(scales + 128))[row] = *(ushort*)block;
    }

    public static void Restore(uint* words, byte* scales, int row, byte* block)
    {
        Nibbles.Restore(words, CodeWords, block + CodesAt);
        uint high = 0, low = 0;
        for (int group = 0; group < Groups; group++)
        {
            uint multiple = (uint)((sbyte)scales[(group * 16) + row] + MultipleBias);
            low |= (multiple & 15) << (4 * group);
            high |= (multiple >> 4) << (2 * group);
        }

        *(ushort*)block = ((ushort*)(scales + 128))[row];
        *(ushort*)(block + 2) = (ushort)high;
        *(uint*)(block + 4) = low;
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
        where TLanes : struct, ICodeLanes<TLanes>
    {
        for (int group = 0; group < Groups; group++)
        {
            TLanes.Store(TLanes.WidenSigned((sbyte*)scales + (group * 16) + row), tile.Scales + (group * PanelTile.Stride));
        }

        Nibbles.Half<TLanes>(scales + 128, row, tile.Scale);
    }
}
