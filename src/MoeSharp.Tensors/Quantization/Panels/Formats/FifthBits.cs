using System.Runtime.CompilerServices;
using MoeSharp.Tensors.Quantization.Panels.Lanes;

namespace MoeSharp.Tensors.Quantization.Panels.Formats;

/// <summary>The fifth bits of Q5_0 and Q5_1: in a file bit i belongs to element i; in a panel bit s of byte b belongs to element 4·s + b.</summary>
internal static unsafe class FifthBits
{
    /// <summary>From the order of a file to that of a panel.</summary>
    public static uint Spread(uint bits)
    {
        uint word = 0;
        for (int i = 0; i < 32; i++)
        {
            word |= ((bits >> i) & 1) << ((8 * (i % 4)) + (i / 4));
        }

        return word;
    }

    /// <summary>The inverse of <see cref="Spread"/>.</summary>
    public static uint Gather(uint word)
    {
        uint bits = 0;
        for (int i = 0; i < 32; i++)
        {
            bits |= ((word >> ((8 * (i % 4)) + (i / 4))) & 1) << i;
        }

        return bits;
    }

    /// <summary>Codes of two steps: a word of fifth bits, then four words of low bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Decode<TLanes>(byte* words, int pass, out TLanes first, out TLanes second)
        where TLanes : struct, ICodeLanes<TLanes>
    {
        TLanes high = TLanes.ShiftRight(TLanes.Load(words), pass), fifth = TLanes.OfBytes(16);
        Nibbles.Decode(words + ((pass + 1) * PanelTile.Stride), out first, out second);
        first = TLanes.Or(first, TLanes.And(TLanes.ShiftLeft(high, 4), fifth));
        second = TLanes.Or(second, TLanes.And(high, fifth));
    }
}
