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
        TLanes clamped = TLanes.Min(TLanes.Max(x, TLanes.Broadcast(-87.5f)), TLanes.Broadcast(88.8f));
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
}
