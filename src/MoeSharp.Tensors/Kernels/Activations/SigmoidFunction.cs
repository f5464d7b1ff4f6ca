using System.Runtime.CompilerServices;
using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels.Activations;

/// <summary><c>f(x) = 1/(1 + e⁻ˣ)</c>; <c>f′ = f·(1 − f)</c>.</summary>
internal readonly struct SigmoidFunction : IActivationFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Value<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
        => LaneMath.Sigmoid(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes ValueAndSlope<TLanes>(TLanes x, out TLanes slope)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes sigmoid = LaneMath.Sigmoid(x);
        slope = sigmoid * (TLanes.Broadcast(1f) - sigmoid);
        return sigmoid;
    }

    public static double Scalar(double x) => 1 / (1 + Math.Exp(-x));
}
