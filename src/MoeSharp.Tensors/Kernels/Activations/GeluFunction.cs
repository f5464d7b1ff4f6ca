using System.Runtime.CompilerServices;
using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels.Activations;

/// <summary><c>f(x) = x·Φ(x)</c>, <c>Φ(x) = ½(1 + erf(x/√2))</c>; <c>f′ = Φ + x·φ(x)</c>, <c>φ(x) = e^(−x²/2)/√(2π)</c>.</summary>
internal readonly struct GeluFunction : IActivationFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Value<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
        => x * Cumulative(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes ValueAndSlope<TLanes>(TLanes x, out TLanes slope)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes cumulative = CumulativeCall(x);
        TLanes density = TLanes.Broadcast(0.3989422804f) * LaneMath.Exp(TLanes.Broadcast(-0.5f) * x * x);
        slope = TLanes.MultiplyAdd(x, density, cumulative);
        return x * cumulative;
    }

    public static double Scalar(double x) => x / 2 * LaneMath.ErfcScalar(-x / Math.Sqrt(2));

    /// <summary>Φ(x) of the normal distribution.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLanes Cumulative<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes half = TLanes.Broadcast(0.5f);
        return TLanes.MultiplyAdd(half, LaneMath.Erf(TLanes.Broadcast(0.7071067812f) * x), half);
    }

    /// <summary>As <see cref="Cumulative"/>, by a call: with two exponentials in one loop the JIT runs out of the locals it can
    /// keep and stops inlining lane operations, which is ten times slower.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static TLanes CumulativeCall<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
        => Cumulative(x);
}
