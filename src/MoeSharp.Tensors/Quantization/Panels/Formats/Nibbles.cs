using System.Runtime.CompilerServices;
using MoeSharp.Tensors.Quantization.Panels.Lanes;

namespace MoeSharp.Tensors.Quantization.Panels.Formats;

/// <summary>Pieces of panels that several formats share.</summary>
internal static unsafe class Nibbles
{
    private const int Rows = 16;
    private const int Stride = PanelTile.Stride;

    /// <summary>Copies the code words of a row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Pack(byte* block, int count, uint* words)
    {
        for (int i = 0; i < count; i++)
        {
            words[i * Rows] = Unsafe.ReadUnaligned<uint>(block + (4 * i));
        }
    }

    /// <summary>Copies them back.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Restore(uint* words, int count, byte* block)
    {
        for (int i = 0; i < count; i++)
        {
            Unsafe.WriteUnaligned(block + (4 * i), words[i * Rows]);
        }
    }

    /// <summary>Low and high halves of a word's bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Decode<TLanes>(byte* word, out TLanes low, out TLanes high)
        where TLanes : struct, ICodeLanes<TLanes>
    {
        TLanes both = TLanes.Load(word), mask = TLanes.OfBytes(15);
        low = TLanes.And(both, mask);
        high = TLanes.And(TLanes.ShiftRight(both, 4), mask);
    }

    /// <summary>The four pairs of bits of a word's bytes, lowest first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void DecodePairs<TLanes>(byte* word, out TLanes first, out TLanes second, out TLanes third, out TLanes fourth)
        where TLanes : struct, ICodeLanes<TLanes>
    {
        TLanes all = TLanes.Load(word), mask = TLanes.OfBytes(3);
        first = TLanes.And(all, mask);
        second = TLanes.And(TLanes.ShiftRight(all, 2), mask);
        third = TLanes.And(TLanes.ShiftRight(all, 4), mask);
        fourth = TLanes.And(TLanes.ShiftRight(all, 6), mask);
    }

    /// <summary>Low and high halves through a table of 16 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LookUp<TLanes>(byte* word, ReadOnlySpan<sbyte> values, out TLanes low, out TLanes high)
        where TLanes : struct, ICodeLanes<TLanes>
    {
        TLanes table = TLanes.OfTable(values);
        Decode(word, out low, out high);
        low = TLanes.LookUp(table, low);
        high = TLanes.LookUp(table, high);
    }

    /// <summary>Signed multiples of <paramref name="runs"/> runs, each in both halves of its lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SignedScales<TLanes>(byte* scales, int row, PanelTile tile, int runs)
        where TLanes : struct, ICodeLanes<TLanes>
    {
        for (int run = 0; run < runs; run++)
        {
            TLanes.Store(TLanes.Duplicate(TLanes.WidenSigned((sbyte*)scales + (run * Rows) + row)), tile.Scales + (run * Stride));
        }
    }

    /// <summary>One half-precision number a row as a float.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Half<TLanes>(byte* halves, int row, byte* target)
        where TLanes : struct, ICodeLanes<TLanes> =>
        TLanes.Store(TLanes.WidenHalves((System.Half*)halves + row), target);

    /// <summary>The same with its sign turned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void NegativeHalf<TLanes>(byte* halves, int row, byte* target)
        where TLanes : struct, ICodeLanes<TLanes> =>
        TLanes.Store(TLanes.Multiply(TLanes.WidenHalves((System.Half*)halves + row), TLanes.OfFloats(-1)), target);
}
