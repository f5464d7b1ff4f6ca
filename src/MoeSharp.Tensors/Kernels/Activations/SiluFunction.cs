using System.Runtime.CompilerServices;
using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels.Activations;

/// <summary><c>f(x) = x·σ(x)</c>; <c>f′ = σ·(1 + x·(1 − σ))</c>. Also named swish.</summary>
internal readonly struct SiluFunction : IActivationFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Value<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
        => x * LaneMath.Sigmoid(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes ValueAndSlope<TLanes>(TLanes x, out TLanes slope)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes sigmoid = LaneMath.Sigmoid(x);
        slope = sigmoid * TLanes.MultiplyAdd(x, TLanes.Broadcast(1f) - sigmoid, TLanes.Broadcast(1f));
        return x * sigmoid;
    }

    public static double Scalar(double x) => x / (1 + Math.Exp(-x));
}
