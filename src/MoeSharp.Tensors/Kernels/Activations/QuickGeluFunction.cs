using System.Runtime.CompilerServices;
using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels.Activations;

/// <summary><c>f(x) = x·σ(1.702·x)</c>; <c>f′ = σ·(1 + 1.702·x·(1 − σ))</c>.</summary>
internal readonly struct QuickGeluFunction : IActivationFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Value<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
        => x * LaneMath.Sigmoid(TLanes.Broadcast(1.702f) * x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes ValueAndSlope<TLanes>(TLanes x, out TLanes slope)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes scaled = TLanes.Broadcast(1.702f) * x;
        TLanes sigmoid = LaneMath.Sigmoid(scaled);
        slope = sigmoid * TLanes.MultiplyAdd(scaled, TLanes.Broadcast(1f) - sigmoid, TLanes.Broadcast(1f));
        return x * sigmoid;
    }

    public static double Scalar(double x) => x / (1 + Math.Exp(-1.702 * x));
}
