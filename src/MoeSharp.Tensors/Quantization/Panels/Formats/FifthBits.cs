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

    /// <summary>Codes of a block: a word of fifth bits, then four words of low bits.</summary>
    public static void Expand<TLanes>(byte* words, byte* codes)
        where TLanes : struct, ICodeLanes<TLanes>
    {
        const int stride = PanelTile.Stride;
        TLanes mask = TLanes.OfBytes(15), fifth = TLanes.OfBytes(16), high = TLanes.Load(words), later = TLanes.ShiftRight(high, 4);
        for (int i = 0; i < 4; i++)
        {
            TLanes both = TLanes.Load(words + ((i + 1) * stride));
            TLanes first = TLanes.And(TLanes.ShiftLeft(high, 4 - i), fifth), second = TLanes.And(TLanes.ShiftLeft(later, 4 - i), fifth);
            TLanes.Store(TLanes.Or(TLanes.And(both, mask), first), codes + (i * stride));
            TLanes.Store(TLanes.Or(TLanes.And(TLanes.ShiftRight(both, 4), mask), second), codes + ((i + 4) * stride));
        }
    }
}
