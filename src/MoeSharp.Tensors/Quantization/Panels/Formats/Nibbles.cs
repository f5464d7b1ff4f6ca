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

    /// <summary>Low halves of a run of words are one run of steps, high halves the next.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Expand<TLanes>(byte* words, byte* codes, int runWords, int runs)
        where TLanes : struct, ICodeLanes<TLanes>
    {
        TLanes mask = TLanes.OfBytes(15);
        for (int run = 0; run < runs; run++)
        {
            for (int i = 0; i < runWords; i++)
            {
                TLanes both = TLanes.Load(words);
                TLanes.Store(TLanes.And(both, mask), codes);
                TLanes.Store(TLanes.And(TLanes.ShiftRight(both, 4), mask), codes + (runWords * Stride));
                words += Stride;
                codes += Stride;
            }

            codes += runWords * Stride;
        }
    }

    /// <summary>The same through a table of 16 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LookUp<TLanes>(byte* words, byte* codes, ReadOnlySpan<sbyte> values, int runWords, int runs)
        where TLanes : struct, ICodeLanes<TLanes>
    {
        TLanes mask = TLanes.OfBytes(15), table = TLanes.OfTable(values);
        for (int run = 0; run < runs; run++)
        {
            for (int i = 0; i < runWords; i++)
            {
                TLanes both = TLanes.Load(words);
                TLanes.Store(TLanes.LookUp(table, TLanes.And(both, mask)), codes);
                TLanes.Store(TLanes.LookUp(table, TLanes.And(TLanes.ShiftRight(both, 4), mask)), codes + (runWords * Stride));
                words += Stride;
                codes += Stride;
            }

            codes += runWords * Stride;
        }
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
