using System.Runtime.CompilerServices;
using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>The soft cap of scores: <c>cap·tanh(x / cap)</c>; nothing where the cap is 0.</summary>
internal static unsafe class SoftCapMath
{
    /// <summary>The capped score.</summary>
    /// <remarks>tanh by a polynomial below 0.625 (Cephes' coefficients) and as 1 − 2/(e²ˣ + 1) above, so small scores keep their precision.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Cap<TLanes>(TLanes score, float cap)
        where TLanes : struct, ILanes<TLanes>
    {
        if (cap == 0)
        {
            return score;
        }

        TLanes x = score / TLanes.Broadcast(cap);
        TLanes square = x * x;
        TLanes p = TLanes.Broadcast(-5.70498872745e-3f);
        p = TLanes.MultiplyAdd(p, square, TLanes.Broadcast(2.06390887954e-2f));
        p = TLanes.MultiplyAdd(p, square, TLanes.Broadcast(-5.37397155531e-2f));
        p = TLanes.MultiplyAdd(p, square, TLanes.Broadcast(1.33314422036e-1f));
        p = TLanes.MultiplyAdd(p, square, TLanes.Broadcast(-3.33332819422e-1f));
        TLanes small = TLanes.MultiplyAdd(p * square, x, x);

        TLanes size = TLanes.Abs(x);
        TLanes exp = LaneMath.Exp(TLanes.Min(size, TLanes.Broadcast(20f)) * TLanes.Broadcast(2f));
        TLanes one = TLanes.Broadcast(1f);
        TLanes large = one - (TLanes.Broadcast(2f) / (exp + one));
        large = TLanes.IfGreater(TLanes.Zero, x, TLanes.Zero - large, large);
        return TLanes.IfGreater(size, TLanes.Broadcast(0.625f), large, small) * TLanes.Broadcast(cap);
    }

    /// <summary>Products of a row become scores: times <paramref name="scale"/>, capped.</summary>
    public static void Scores<TLanes>(float* row, int from, int to, float scale, float cap)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes scales = TLanes.Broadcast(scale);
        for (int j = from; j < to; j += TLanes.Count)
        {
            TLanes.Store(TLanes.Load(row + j) * scales, row + j);
        }

        // A loop of its own, so that the common one stays small enough for the compiler to keep it in registers.
        for (int j = from; cap != 0 && j < to; j += TLanes.Count)
        {
            TLanes.Store(Cap(TLanes.Load(row + j), cap), row + j);
        }
    }

    /// <summary>Multiplies gradients of capped scores by the cap's slope, <c>1 − (s / cap)²</c>.</summary>
    public static void Slopes<TLanes>(float* scores, float* gradients, int from, int to, float cap)
        where TLanes : struct, ILanes<TLanes>
    {
        for (int j = from; cap != 0 && j < to; j += TLanes.Count)
        {
            TLanes ratio = TLanes.Load(scores + j) / TLanes.Broadcast(cap);
            TLanes slope = TLanes.MultiplyAdd(TLanes.Zero - ratio, ratio, TLanes.Broadcast(1f));
            TLanes.Store(TLanes.Load(gradients + j) * slope, gradients + j);
        }
    }
}
