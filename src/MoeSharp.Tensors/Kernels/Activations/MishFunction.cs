using System.Runtime.CompilerServices;
using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels.Activations;

/// <summary><c>f(x) = x·tanh(softplus(x))</c>; <c>f′ = t + x·(1 − t²)·σ(x)</c> with <c>t</c> that tanh.</summary>
internal readonly struct MishFunction : IActivationFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Value<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
        => x * Tanh(Softplus(x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes ValueAndSlope<TLanes>(TLanes x, out TLanes slope)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes tanh = Tanh(Softplus(x));
        slope = TLanes.MultiplyAdd(x * (TLanes.Broadcast(1f) - tanh) * (TLanes.Broadcast(1f) + tanh), Sigmoid(x), tanh);
        return x * tanh;
    }

    public static double Scalar(double x) => x * Math.Tanh(Math.Max(x, 0) + Math.Log(1 + Math.Exp(-Math.Abs(x))));

    // By calls: with several exponentials in one loop the JIT runs out of the locals it can keep and stops inlining lane
    // operations, which is ten times slower.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static TLanes Tanh<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
        => LaneMath.Tanh(x);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static TLanes Softplus<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
        => LaneMath.Softplus(x);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static TLanes Sigmoid<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
        => LaneMath.Sigmoid(x);
}
