using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using MoeSharp.Tensors.Quantization.Panels.Lanes;

namespace MoeSharp.Tensors.Quantization.Panels;

/// <summary>Expanded tiles times activations of one or four tokens: the inner loop of every product with packed weights.</summary>
/// <remarks>
/// <para>Two registers of weight rows, so 8 to 32 rows. All sums are whole numbers and exact; <see cref="PanelSums{TLanes, TCodes}"/> makes
/// floats of them.</para>
/// <para>A step of four columns is one multiplication of bytes and one 16-bit addition a register and token; widening to 32 bits, with the
/// scale, comes once a run of 4 or 8 steps. The methods are short enough that the JIT inlines all of their parts.</para>
/// </remarks>
/// <typeparam name="TLanes">The registers.</typeparam>
/// <typeparam name="TCodes">The format.</typeparam>
internal static unsafe class PanelKernel<TLanes, TCodes>
    where TLanes : struct, ICodeLanes<TLanes>
    where TCodes : struct, IPanelCodes
{
    /// <summary>Tokens that <see cref="Four"/> multiplies together.</summary>
    public const int Together = 4;

    /// <summary>Bytes of the sums of four tokens and a tile: for each of up to 8 blocks, each token, two registers.</summary>
    public const int SumBytes = 8 * Together * TokenBytes;

    /// <summary>Bytes of the sums of one token and block.</summary>
    public const int TokenBytes = 2 * Stride;

    private const int Stride = PanelTile.Stride;

    /// <summary>Four tokens.</summary>
    /// <param name="first">The tile of the first register.</param>
    /// <param name="second">That of the second.</param>
    /// <param name="runs">Runs of the tile.</param>
    /// <param name="x">Codes of four tokens.</param>
    /// <param name="row">First of them.</param>
    /// <param name="column">First column.</param>
    /// <param name="sums">Whole sums, those of a token side by side; of each block in turn.</param>
    public static void Four(PanelTile first, PanelTile second, int runs, in RowCodes x, long row, int column, byte* sums)
    {
        byte* x0 = x.Row(row) + column;
        byte* x1 = x.Row(row + 1) + column;
        byte* x2 = x.Row(row + 2) + column;
        byte* x3 = x.Row(row + 3) + column;
        byte* codes0 = first.Codes, codes1 = second.Codes, scales0 = first.Scales, scales1 = second.Scales;
        TLanes ones = TLanes.OfShorts(1);
        TLanes t00 = default, t01 = default, t10 = default, t11 = default, t20 = default, t21 = default, t30 = default, t31 = default;
        long halves = x.HalvesAt - column + (column / 4);
        for (int run = 0; run < runs; run++)
        {
            TLanes a00 = default, a01 = default, a10 = default, a11 = default, a20 = default, a21 = default, a30 = default, a31 = default;
            if (TCodes.Bias != 0)
            {
                a00 = a01 = Start(x0 + halves);
                a10 = a11 = Start(x1 + halves);
                a20 = a21 = Start(x2 + halves);
                a30 = a31 = Start(x3 + halves);
                halves -= 3 * TCodes.RunSteps; // the codes move on by four bytes a step, the sums of halves by one
            }

            for (int step = 0; step < TCodes.RunSteps; step++)
            {
                TLanes rows0 = TLanes.Load(codes0), rows1 = TLanes.Load(codes1);
                codes0 += Stride;
                codes1 += Stride;
                TLanes b0 = TLanes.Broadcast(x0);
                x0 += 4;
                Step(rows0, b0, ones, ref a00);
                Step(rows1, b0, ones, ref a01);
                TLanes b1 = TLanes.Broadcast(x1);
                x1 += 4;
                Step(rows0, b1, ones, ref a10);
                Step(rows1, b1, ones, ref a11);
                TLanes b2 = TLanes.Broadcast(x2);
                x2 += 4;
                Step(rows0, b2, ones, ref a20);
                Step(rows1, b2, ones, ref a21);
                TLanes b3 = TLanes.Broadcast(x3);
                x3 += 4;
                Step(rows0, b3, ones, ref a30);
                Step(rows1, b3, ones, ref a31);
            }

            if (TCodes.BlockLength == PanelTile.Columns)
            {
                TLanes s0 = TLanes.Load(scales0), s1 = TLanes.Load(scales1);
                scales0 += Stride;
                scales1 += Stride;
                Scale(a00, s0, ref t00);
                Scale(a01, s1, ref t01);
                Scale(a10, s0, ref t10);
                Scale(a11, s1, ref t11);
                Scale(a20, s0, ref t20);
                Scale(a21, s1, ref t21);
                Scale(a30, s0, ref t30);
                Scale(a31, s1, ref t31);
            }
            else
            {
                Widen(a00, ones, ref t00);
                Widen(a01, ones, ref t01);
                Widen(a10, ones, ref t10);
                Widen(a11, ones, ref t11);
                Widen(a20, ones, ref t20);
                Widen(a21, ones, ref t21);
                Widen(a30, ones, ref t30);
                Widen(a31, ones, ref t31);
                if (TCodes.RunSteps == 8 || run % 2 == 1)
                {
                    Put(ref t00, sums);
                    Put(ref t01, sums + (1 * Stride));
                    Put(ref t10, sums + (2 * Stride));
                    Put(ref t11, sums + (3 * Stride));
                    Put(ref t20, sums + (4 * Stride));
                    Put(ref t21, sums + (5 * Stride));
                    Put(ref t30, sums + (6 * Stride));
                    Put(ref t31, sums + (7 * Stride));
                    sums += Together * TokenBytes;
                }
            }
        }

        if (TCodes.BlockLength == PanelTile.Columns)
        {
            TLanes.Store(t00, sums);
            TLanes.Store(t01, sums + (1 * Stride));
            TLanes.Store(t10, sums + (2 * Stride));
            TLanes.Store(t11, sums + (3 * Stride));
            TLanes.Store(t20, sums + (4 * Stride));
            TLanes.Store(t21, sums + (5 * Stride));
            TLanes.Store(t30, sums + (6 * Stride));
            TLanes.Store(t31, sums + (7 * Stride));
        }
    }

    /// <summary>One token, straight from the panel: codes are used once, so they never go through memory.</summary>
    /// <param name="words0">Code words of the first register's rows.</param>
    /// <param name="words1">Those of the second's.</param>
    /// <param name="first">The tile with the scales of the first register.</param>
    /// <param name="second">That of the second.</param>
    /// <param name="blocks">Blocks of the tile.</param>
    /// <param name="x">Codes.</param>
    /// <param name="row">The token.</param>
    /// <param name="column">First column.</param>
    /// <param name="sums">Whole sums, of each block in turn.</param>
    /// <param name="ahead0">What memory is to bring meanwhile, a little with every pass.</param>
    /// <param name="ahead1">The same of the second panel.</param>
    public static void One(
        byte* words0, byte* words1, PanelTile first, PanelTile second, int blocks, in RowCodes x, long row, int column, byte* sums, byte* ahead0,
        byte* ahead1)
    {
        // Properties of the format are read once: the JIT inlines so much and no more.
        int passes = TCodes.Passes, runSteps = TCodes.RunSteps, unitSteps = passes * TCodes.Outputs, units = TCodes.BlockLength / (4 * unitSteps);
        int apart = 4 * passes, runsApart = passes / runSteps * Stride, length = Math.Min(runSteps, passes);
        byte* codes = x.Row(row) + column, halves = x.Row(row) + x.HalvesAt + (column / 4), scales0 = first.Scales, scales1 = second.Scales;
        TLanes ones = TLanes.OfShorts(1), t0 = default, t1 = default;
        for (int block = 0; block < blocks; block++)
        {
            for (int unit = 0; unit < units; unit++)
            {
                // One round for each run that an output passes through.
                for (int start = 0; start < passes; start += length)
                {
                    TLanes a00 = default, a01 = default, a10 = default, a11 = default, a20 = default, a21 = default, a30 = default, a31 = default;
                    if (TCodes.Bias != 0)
                    {
                        a00 = a01 = Start(halves + start);
                        if (TCodes.Outputs > 2)
                        {
                            a10 = a11 = Start(halves + start + passes);
                            a20 = a21 = Start(halves + start + (2 * passes));
                            a30 = a31 = Start(halves + start + (3 * passes));
                        }
                    }

                    byte* four = codes + (4 * start);
                    for (int pass = start; pass < start + length; pass++)
                    {
                        Ahead(ref ahead0);
                        Ahead(ref ahead1);
                        TCodes.Decode(words0, unit, pass, out TLanes c0, out TLanes c1, out TLanes c2, out TLanes c3);
                        Step(c0, TLanes.Broadcast(four), ones, ref a00);
                        if (TCodes.Outputs > 1)
                        {
                            Step(c1, TLanes.Broadcast(four + apart), ones, ref a10);
                        }

                        if (TCodes.Outputs > 2)
                        {
                            Step(c2, TLanes.Broadcast(four + (2 * apart)), ones, ref a20);
                            Step(c3, TLanes.Broadcast(four + (3 * apart)), ones, ref a30);
                        }

                        TCodes.Decode(words1, unit, pass, out c0, out c1, out c2, out c3);
                        Step(c0, TLanes.Broadcast(four), ones, ref a01);
                        if (TCodes.Outputs > 1)
                        {
                            Step(c1, TLanes.Broadcast(four + apart), ones, ref a11);
                        }

                        if (TCodes.Outputs > 2)
                        {
                            Step(c2, TLanes.Broadcast(four + (2 * apart)), ones, ref a21);
                            Step(c3, TLanes.Broadcast(four + (3 * apart)), ones, ref a31);
                        }

                        four += 4;
                    }

                    byte* run0 = scales0 + (start / runSteps * Stride), run1 = scales1 + (start / runSteps * Stride);
                    if (TCodes.Outputs == 2 && TCodes.Passes < TCodes.RunSteps)
                    {
                        // Both outputs are one run: their sums fit together.
                        Total(TCodes.IsSigned ? TLanes.AddInts(a00, a10) : TLanes.AddShorts(a00, a10), ones, run0, ref t0);
                        Total(TCodes.IsSigned ? TLanes.AddInts(a01, a11) : TLanes.AddShorts(a01, a11), ones, run1, ref t1);
                        continue;
                    }

                    Total(a00, ones, run0, ref t0);
                    Total(a01, ones, run1, ref t1);
                    if (TCodes.Outputs > 1)
                    {
                        Total(a10, ones, run0 + runsApart, ref t0);
                        Total(a11, ones, run1 + runsApart, ref t1);
                    }

                    if (TCodes.Outputs > 2)
                    {
                        Total(a20, ones, run0 + (2 * runsApart), ref t0);
                        Total(a21, ones, run1 + (2 * runsApart), ref t1);
                        Total(a30, ones, run0 + (3 * runsApart), ref t0);
                        Total(a31, ones, run1 + (3 * runsApart), ref t1);
                    }
                }

                codes += 4 * unitSteps;
                halves += unitSteps;
                scales0 += unitSteps / runSteps * Stride;
                scales1 += unitSteps / runSteps * Stride;
            }

            Put(ref t0, sums);
            Put(ref t1, sums + Stride);
            sums += Together * TokenBytes;
            words0 += TCodes.CodeWords * Stride;
            words1 += TCodes.CodeWords * Stride;
        }
    }

    /// <summary>Adds the sum of a run to a total.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Total(TLanes sum, TLanes ones, byte* scale, ref TLanes total)
    {
        if (TCodes.BlockLength == PanelTile.Columns)
        {
            Scale(sum, TLanes.Load(scale), ref total);
        }
        else
        {
            Widen(sum, ones, ref total);
        }
    }

    /// <summary>Asks for what a later pass reads: into the second cache, which has room for it and more requests in flight.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Ahead(ref byte* next)
    {
        int bytes = TCodes.CodeWords * Stride * 4 * TCodes.Outputs / TCodes.BlockLength; // all words of a block by its last pass
        if (Sse.IsSupported)
        {
            Sse.Prefetch1(next);
            if (TCodes.CodeWords * 4 * TCodes.Outputs > TCodes.BlockLength)
            {
                Sse.Prefetch1(next + Stride);
                Sse.Prefetch1(next + bytes - 1);
            }
        }

        next += bytes;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step(TLanes weights, TLanes x, TLanes ones, ref TLanes sum) => sum = TCodes.IsSigned
        ? TLanes.AddInts(sum, TLanes.PairProducts(TLanes.SignedByteProducts(weights, x), ones))
        : TLanes.AddShorts(sum, TLanes.ByteProducts(weights, x));

    /// <summary>Adds the sum of a run times its multiple.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Scale(TLanes sum, TLanes multiple, ref TLanes total) =>
        total = TLanes.AddInts(total, TCodes.IsSigned ? TLanes.MultiplyInts(sum, multiple) : TLanes.PairProducts(sum, multiple));

    /// <summary>Adds the sum of a run.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Widen(TLanes sum, TLanes ones, ref TLanes total) =>
        total = TLanes.AddInts(total, TCodes.IsSigned ? sum : TLanes.PairProducts(sum, ones));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(ref TLanes total, byte* target)
    {
        TLanes.Store(total, target);
        total = default;
    }

    /// <summary>What sums over the halves of lanes start from when codes are stored plus a bias: −bias·Σ x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLanes Start(byte* halves)
    {
        TLanes sums = TLanes.Broadcast(halves);
        if (TCodes.RunSteps == 8)
        {
            sums = TLanes.AddShorts(sums, TLanes.Broadcast(halves + 4));
        }

        return TLanes.MultiplyShorts(sums, TLanes.OfShorts((short)-TCodes.Bias));
    }
}
