using System.Runtime.CompilerServices;
using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels.Activations;

/// <summary><c>f(x) = max(x, 0)</c>; <c>f′ = 1 where x &gt; 0, else 0</c>. NaN stays NaN.</summary>
internal readonly struct ReluFunction : IActivationFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Value<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
        => TLanes.IfGreater(TLanes.Zero, x, TLanes.Zero, x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes ValueAndSlope<TLanes>(TLanes x, out TLanes slope)
        where TLanes : struct, ILanes<TLanes>
    {
        slope = TLanes.IfGreater(x, TLanes.Zero, TLanes.Broadcast(1f), TLanes.Zero);
        return TLanes.IfGreater(TLanes.Zero, x, TLanes.Zero, x);
    }

    public static double Scalar(double x) => double.IsNaN(x) ? x : Math.Max(x, 0);
}
