using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels.Activations;

/// <summary>A function of one number with its derivative, over lanes: one chain of operations, so the same bits everywhere.</summary>
internal interface IActivationFunction
{
    /// <summary>f(x).</summary>
    static abstract TLanes Value<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>;

    /// <summary>f(x), which equals <see cref="Value"/>, and f′(x).</summary>
    static abstract TLanes ValueAndSlope<TLanes>(TLanes x, out TLanes slope)
        where TLanes : struct, ILanes<TLanes>;

    /// <summary>The definition.</summary>
    static abstract double Scalar(double x);
}
