using System.Runtime.CompilerServices;
using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels.Activations;

/// <summary><c>f(x) = ½x·(1 + tanh u)</c>, <c>u = √(2/π)·(x + 0.044715·x³)</c>; <c>f′ = ½(1 + tanh u) + ½x·(1 − tanh² u)·u′</c>.</summary>
internal readonly struct GeluTanhFunction : IActivationFunction
{
    private const float Scale = 0.7978845608f; // √(2/π)
    private const float Cubic = 0.044715f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Value<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes tanh = LaneMath.Tanh(Inner(x, x * x));
        return TLanes.Broadcast(0.5f) * x * (TLanes.Broadcast(1f) + tanh);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes ValueAndSlope<TLanes>(TLanes x, out TLanes slope)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes square = x * x;
        TLanes tanh = LaneMath.Tanh(Inner(x, square));
        TLanes halfX = TLanes.Broadcast(0.5f) * x;
        TLanes inner = TLanes.MultiplyAdd(TLanes.Broadcast(3 * Scale * Cubic), square, TLanes.Broadcast(Scale));
        slope = TLanes.MultiplyAdd(halfX * (TLanes.Broadcast(1f) - tanh) * (TLanes.Broadcast(1f) + tanh), inner, TLanes.Broadcast(0.5f) * (TLanes.Broadcast(1f) + tanh));
        return halfX * (TLanes.Broadcast(1f) + tanh);
    }

    public static double Scalar(double x) => x / 2 * (1 + Math.Tanh(Scale * (x + (Cubic * x * x * x))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLanes Inner<TLanes>(TLanes x, TLanes square)
        where TLanes : struct, ILanes<TLanes>
        => x * TLanes.MultiplyAdd(TLanes.Broadcast(Scale * Cubic), square, TLanes.Broadcast(Scale));
}
