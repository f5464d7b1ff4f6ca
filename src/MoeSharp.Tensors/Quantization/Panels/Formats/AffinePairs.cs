using System.Runtime.CompilerServices;
using MoeSharp.Tensors.Quantization.Panels.Lanes;
using MoeSharp.Tensors.Quantization.Storage;

namespace MoeSharp.Tensors.Quantization.Panels.Formats;

/// <summary>Scales of Q4_K and Q5_K: eight multiples of a scale and eight of an offset, 6 bits each, a byte each in a panel.</summary>
/// <remarks>16 rows: multiples of the scale <c>[8, 16]</c>, of the offset <c>[4, 16, 2]</c>, scale and offset <c>[16]</c> of 16 bits.</remarks>
internal static unsafe class AffinePairs
{
    /// <summary>Bytes of 16 rows.</summary>
    public const int Bytes = 320;

    private const int Rows = 16;
    private const int Groups = 8;
    private const int OffsetsAt = Groups * Rows;
    private const int ScaleAt = 2 * Groups * Rows;
    private const int OffsetAt = ScaleAt + (2 * Rows);

    /// <summary>Puts the first 16 bytes of a block into a panel.</summary>
    public static void Pack(byte* block, byte* scales, int row)
    {
        ((ushort*)(scales + ScaleAt))[row] = Unsafe.ReadUnaligned<ushort>(block);
        ((ushort*)(scales + OffsetAt))[row] = Unsafe.ReadUnaligned<ushort>(block + 2);

        // The four low and the four high multiples, four bytes at a time: see SixBitPairs.
        uint first = Unsafe.ReadUnaligned<uint>(block + 4), second = Unsafe.ReadUnaligned<uint>(block + 8), third = Unsafe.ReadUnaligned<uint>(block + 12);
        ulong scale = (first & 0x3f3f3f3f) | ((ulong)((third & 0x0f0f0f0f) | ((first >> 2) & 0x30303030)) << 32);
        ulong offset = (second & 0x3f3f3f3f) | ((ulong)(((third >> 4) & 0x0f0f0f0f) | ((second >> 2) & 0x30303030)) << 32);
        for (int group = 0; group < Groups; group++)
        {
            scales[(group * Rows) + row] = (byte)(scale >> (8 * group));
            scales[OffsetsAt + (group / 2 * 2 * Rows) + (2 * row) + (group % 2)] = (byte)(offset >> (8 * group));
        }
    }

    /// <summary>The inverse of <see cref="Pack"/>.</summary>
    public static void Restore(byte* scales, int row, byte* block)
    {
        Unsafe.WriteUnaligned(block, ((ushort*)(scales + ScaleAt))[row]);
        Unsafe.WriteUnaligned(block + 2, ((ushort*)(scales + OffsetAt))[row]);
        Span<byte> scale = stackalloc byte[Groups], offset = stackalloc byte[Groups];
        for (int group = 0; group < Groups; group++)
        {
            scale[group] = scales[(group * Rows) + row];
            offset[group] = scales[OffsetsAt + (group / 2 * 2 * Rows) + (2 * row) + (group % 2)];
        }

        SixBitPairs.Write(scale, offset, new Span<byte>(block + 4, 12));
    }

    /// <summary>Multiples ready to multiply with; a group is <paramref name="runs"/> runs of steps.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Expand<TLanes>(byte* scales, int row, PanelTile tile, int runs)
        where TLanes : struct, ICodeLanes<TLanes>
    {
        byte* target = tile.Scales;
        for (int group = 0; group < Groups; group++)
        {
            TLanes both = TLanes.Duplicate(TLanes.WidenBytes(scales + (group * Rows) + row));
            for (int run = 0; run < runs; run++)
            {
                TLanes.Store(both, target);
                target += PanelTile.Stride;
            }
        }

        for (int pair = 0; pair < Groups / 2; pair++)
        {
            TLanes.Store(TLanes.WidenPairs(scales + OffsetsAt + (pair * 2 * Rows) + (2 * row)), tile.Offsets + (pair * PanelTile.Stride));
        }

        Nibbles.Half<TLanes>(scales + ScaleAt, row, tile.Scale);
        Nibbles.NegativeHalf<TLanes>(scales + OffsetAt, row, tile.Offset);
    }
}
