using System.Runtime.CompilerServices;
using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels.Activations;

/// <summary><c>f(x) = max(x, 0)²</c>; <c>f′ = 2·max(x, 0)</c>.</summary>
internal readonly struct ReluSquaredFunction : IActivationFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Value<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes positive = TLanes.IfGreater(TLanes.Zero, x, TLanes.Zero, x);
        return positive * positive;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes ValueAndSlope<TLanes>(TLanes x, out TLanes slope)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes positive = TLanes.IfGreater(TLanes.Zero, x, TLanes.Zero, x);
        slope = positive + positive;
        return positive * positive;
    }

    public static double Scalar(double x) => x > 0 ? x * x : 0 * x;
}
