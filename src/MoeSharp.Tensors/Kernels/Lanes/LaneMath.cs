using System.Runtime.CompilerServices;

namespace MoeSharp.Tensors.Kernels.Lanes;

/// <summary>Elementary functions over lanes: one chain of operations each, hence the same bits at every width and place.</summary>
internal static class LaneMath
{
    /// <summary>eˣ.</summary>
    /// <remarks>
    /// <para>x = n·ln 2 + r, |r| ≤ ½ ln 2 (ln 2 in two parts, so r is exact to its last bit), a polynomial of degree 7 in r, times 2ⁿ
    /// in two steps so that n = 128 passes. Relative error below 2·2⁻²⁴ (tested on a dense grid against double).</para>
    /// <para>Edges: below −86.99 (2⁻¹²⁵·⁵) the result is 0, above 88.72 it is +∞, NaN stays NaN.</para>
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Exp<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
    {
        // By comparison and choice: that lets NaN pass, and costs a third of Min and Max with their rules for NaN and −0.
        TLanes low = TLanes.Broadcast(-87.5f), high = TLanes.Broadcast(88.8f);
        TLanes clamped = TLanes.IfGreater(low, x, low, x);
        clamped = TLanes.IfGreater(clamped, high, high, clamped);
        TLanes n = TLanes.Round(clamped * TLanes.Broadcast(1.44269504f));
        TLanes r = TLanes.MultiplyAdd(n, TLanes.Broadcast(-0.693359375f), clamped);
        r = TLanes.MultiplyAdd(n, TLanes.Broadcast(2.12194440e-4f), r);

        TLanes p = TLanes.Broadcast(1.9841270e-4f);
        p = TLanes.MultiplyAdd(p, r, TLanes.Broadcast(1.3888889e-3f));
        p = TLanes.MultiplyAdd(p, r, TLanes.Broadcast(8.3333333e-3f));
        p = TLanes.MultiplyAdd(p, r, TLanes.Broadcast(4.1666667e-2f));
        p = TLanes.MultiplyAdd(p, r, TLanes.Broadcast(1.6666667e-1f));
        p = TLanes.MultiplyAdd(p, r, TLanes.Broadcast(0.5f));
        p = TLanes.MultiplyAdd(p, r, TLanes.Broadcast(1f));
        p = TLanes.MultiplyAdd(p, r, TLanes.Broadcast(1f));

        return p * TLanes.Pow2(n - TLanes.Broadcast(1f)) * TLanes.Broadcast(2f);
    }

    /// <summary>1/(1 + e⁻ˣ).</summary>
    /// <remarks>Relative error below 4·2⁻²⁴ above −86; 0 below −88.72, 1 far above, NaN stays NaN.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Sigmoid<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes one = TLanes.Broadcast(1f);
        return one / (one + Exp(TLanes.Zero - x));
    }

    /// <summary>tanh x.</summary>
    /// <remarks>
    /// <para>Below 0.625 an odd polynomial of degree 13 (fitted in 40 digits on the Chebyshev nodes of [0, 0.4] in x²), above it
    /// 1 − 2/(e²ˣ + 1) with the sign put back. Relative error below 3·2⁻²⁴. NaN and −0 pass.</para>
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Tanh<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes size = TLanes.Abs(x);
        TLanes square = x * x;
        TLanes p = TLanes.Broadcast(0.0022727048f);
        p = TLanes.MultiplyAdd(p, square, TLanes.Broadcast(-0.008326402f));
        p = TLanes.MultiplyAdd(p, square, TLanes.Broadcast(0.021763634f));
        p = TLanes.MultiplyAdd(p, square, TLanes.Broadcast(-0.053958625f));
        p = TLanes.MultiplyAdd(p, square, TLanes.Broadcast(0.13333301f));
        p = TLanes.MultiplyAdd(p, square, TLanes.Broadcast(-0.33333334f));
        TLanes one = TLanes.Broadcast(1f);
        TLanes small = TLanes.MultiplyAdd(p, square, one) * x;
        TLanes large = one - (TLanes.Broadcast(2f) / (Exp(size + size) + one));
        large = TLanes.IfGreater(TLanes.Zero, x, TLanes.Zero - large, large);
        return TLanes.IfGreater(size, TLanes.Broadcast(0.625f), large, small);
    }

    /// <summary>erf x = 2/√π·∫₀ˣ e^(−t²) dt.</summary>
    /// <remarks>
    /// <para>Below 1 an odd polynomial of degree 15, above it 1 − e^q(|x|) with q of degree 7 fitted to log erfc on [1, 4]
    /// (both fitted in 40 digits on Chebyshev nodes). Relative error below 3·2⁻²⁴. NaN and −0 pass.</para>
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Erf<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes size = TLanes.Abs(x);
        TLanes square = x * x;
        TLanes p = TLanes.Broadcast(-0.0000096735916f);
        p = TLanes.MultiplyAdd(p, square, TLanes.Broadcast(0.00011268254f));
        p = TLanes.MultiplyAdd(p, square, TLanes.Broadcast(-0.00084843964f));
        p = TLanes.MultiplyAdd(p, square, TLanes.Broadcast(0.0052210535f));
        p = TLanes.MultiplyAdd(p, square, TLanes.Broadcast(-0.026865438f));
        p = TLanes.MultiplyAdd(p, square, TLanes.Broadcast(0.11283783f));
        p = TLanes.MultiplyAdd(p, square, TLanes.Broadcast(-0.37612638f));
        p = TLanes.MultiplyAdd(p, square, TLanes.Broadcast(1.1283792f));
        TLanes small = p * x;

        TLanes four = TLanes.Broadcast(4f), t = TLanes.IfGreater(size, four, four, size);
        TLanes q = TLanes.Broadcast(-0.000018284509f);
        q = TLanes.MultiplyAdd(q, t, TLanes.Broadcast(0.00039661245f));
        q = TLanes.MultiplyAdd(q, t, TLanes.Broadcast(-0.0039590178f));
        q = TLanes.MultiplyAdd(q, t, TLanes.Broadcast(0.02447846f));
        q = TLanes.MultiplyAdd(q, t, TLanes.Broadcast(-0.10715024f));
        q = TLanes.MultiplyAdd(q, t, TLanes.Broadcast(-0.63450927f));
        q = TLanes.MultiplyAdd(q, t, TLanes.Broadcast(-1.128868f));
        q = TLanes.MultiplyAdd(q, t, TLanes.Broadcast(0.000024270834f));
        TLanes large = TLanes.Broadcast(1f) - Exp(q);
        large = TLanes.IfGreater(TLanes.Zero, x, TLanes.Zero - large, large);
        return TLanes.IfGreater(size, TLanes.Broadcast(1f), large, small);
    }

    /// <summary>log(1 + eˣ) = max(x, 0) + log1p(e^−|x|).</summary>
    /// <remarks>
    /// <para>log1p(u) = 2·artanh(s), s = u/(2 + u) ≤ 1/3, by its series to s¹⁵, whose rest is below 2⁻²⁸.
    /// Relative error below 4·2⁻²⁴ above −86.</para>
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Softplus<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes u = Exp(TLanes.Zero - TLanes.Abs(x));
        TLanes s = u / (TLanes.Broadcast(2f) + u);
        TLanes square = s * s;
        TLanes p = TLanes.Broadcast(0.13333334f);
        p = TLanes.MultiplyAdd(p, square, TLanes.Broadcast(0.15384616f));
        p = TLanes.MultiplyAdd(p, square, TLanes.Broadcast(0.18181819f));
        p = TLanes.MultiplyAdd(p, square, TLanes.Broadcast(0.22222222f));
        p = TLanes.MultiplyAdd(p, square, TLanes.Broadcast(0.2857143f));
        p = TLanes.MultiplyAdd(p, square, TLanes.Broadcast(0.4f));
        p = TLanes.MultiplyAdd(p, square, TLanes.Broadcast(0.6666667f));
        p = TLanes.MultiplyAdd(p, square, TLanes.Broadcast(2f));
        return TLanes.MultiplyAdd(p, s, TLanes.IfGreater(TLanes.Zero, x, TLanes.Zero, x));
    }

    /// <summary>1 − erf x in double, with full relative accuracy on the right: the definition for tests.</summary>
    /// <remarks>Continued fraction right of 2, Taylor series of erf left of it.</remarks>
    internal static double ErfcScalar(double x)
    {
        if (x > 2)
        {
            double fraction = 0;
            for (int k = 120; k >= 1; k--)
            {
                fraction = k / 2.0 / (x + fraction);
            }

            return Math.Exp(-x * x) / Math.Sqrt(Math.PI) / (x + fraction);
        }

        if (x < -2)
        {
            return 2 - ErfcScalar(-x);
        }

        double term = x, sum = x;
        for (int k = 1; k < 60; k++)
        {
            term *= -x * x / k;
            sum += term / ((2 * k) + 1);
        }

        return 1 - (2 / Math.Sqrt(Math.PI) * sum);
    }
}
