using System.Runtime.CompilerServices;
using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels.Activations;

/// <summary><c>f(x) = x</c> where x &gt; 0, else <c>eˣ − 1</c>; <c>f′ = 1</c>, else <c>eˣ</c>.</summary>
internal readonly struct EluFunction : IActivationFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Value<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
        => TLanes.IfGreater(x, TLanes.Zero, x, LaneMath.Exp(x) - TLanes.Broadcast(1f));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes ValueAndSlope<TLanes>(TLanes x, out TLanes slope)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes exp = LaneMath.Exp(x);
        slope = TLanes.IfGreater(x, TLanes.Zero, TLanes.Broadcast(1f), exp);
        return TLanes.IfGreater(x, TLanes.Zero, x, exp - TLanes.Broadcast(1f));
    }

    public static double Scalar(double x) => x > 0 ? x : Math.Exp(x) - 1;
}
