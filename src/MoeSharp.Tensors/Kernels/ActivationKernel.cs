using System.Runtime.CompilerServices;
using MoeSharp.Tensors.Autograd.Ops;
using MoeSharp.Tensors.Kernels.Activations;
using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels;

/// <summary>Activation functions: <c>y = f(x)</c> and <c>dx = dy·f′(x)</c>, element by element.</summary>
/// <remarks>
/// <para>Shapes: all <c>[n]</c>. Bytes: 8n forward, 12n backward. The tail runs on single lanes, which give the same bits.</para>
/// <para>Bits depend on neither width nor place; errors are those of <see cref="LaneMath"/>, some units in the last place.</para>
/// </remarks>
internal static unsafe class ActivationKernel
{
    /// <summary>y = f(x).</summary>
    public static void Run(Activation activation, ReadOnlySpan<float> x, Span<float> y)
    {
        switch (activation)
        {
            case Activation.Identity:
                Choose<IdentityFunction>(x, y);
                break;
            case Activation.Relu:
                Choose<ReluFunction>(x, y);
                break;
            case Activation.ReluSquared:
                Choose<ReluSquaredFunction>(x, y);
                break;
            case Activation.Silu:
                Choose<SiluFunction>(x, y);
                break;
            case Activation.Gelu:
                Choose<GeluFunction>(x, y);
                break;
            case Activation.GeluTanh:
                Choose<GeluTanhFunction>(x, y);
                break;
            case Activation.QuickGelu:
                Choose<QuickGeluFunction>(x, y);
                break;
            case Activation.Sigmoid:
                Choose<SigmoidFunction>(x, y);
                break;
            case Activation.Tanh:
                Choose<TanhFunction>(x, y);
                break;
            case Activation.Softplus:
                Choose<SoftplusFunction>(x, y);
                break;
            case Activation.Mish:
                Choose<MishFunction>(x, y);
                break;
            case Activation.Elu:
                Choose<EluFunction>(x, y);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(activation), $"activation: {activation} is not one.");
        }
    }

    /// <summary>dx = dy·f′(x), or dx += that.</summary>
    public static void Backward(
        Activation activation, ReadOnlySpan<float> x, ReadOnlySpan<float> dy, Span<float> dx, bool accumulate)
    {
        switch (activation)
        {
            case Activation.Identity:
                ChooseBackward<IdentityFunction>(x, dy, dx, accumulate);
                break;
            case Activation.Relu:
                ChooseBackward<ReluFunction>(x, dy, dx, accumulate);
                break;
            case Activation.ReluSquared:
                ChooseBackward<ReluSquaredFunction>(x, dy, dx, accumulate);
                break;
            case Activation.Silu:
                ChooseBackward<SiluFunction>(x, dy, dx, accumulate);
                break;
            case Activation.Gelu:
                ChooseBackward<GeluFunction>(x, dy, dx, accumulate);
                break;
            case Activation.GeluTanh:
                ChooseBackward<GeluTanhFunction>(x, dy, dx, accumulate);
                break;
            case Activation.QuickGelu:
                ChooseBackward<QuickGeluFunction>(x, dy, dx, accumulate);
                break;
            case Activation.Sigmoid:
                ChooseBackward<SigmoidFunction>(x, dy, dx, accumulate);
                break;
            case Activation.Tanh:
                ChooseBackward<TanhFunction>(x, dy, dx, accumulate);
                break;
            case Activation.Softplus:
                ChooseBackward<SoftplusFunction>(x, dy, dx, accumulate);
                break;
            case Activation.Mish:
                ChooseBackward<MishFunction>(x, dy, dx, accumulate);
                break;
            case Activation.Elu:
                ChooseBackward<EluFunction>(x, dy, dx, accumulate);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(activation), $"activation: {activation} is not one.");
        }
    }

    /// <summary>The definition.</summary>
    internal static void Scalar<TFunction>(ReadOnlySpan<float> x, Span<float> y)
        where TFunction : struct, IActivationFunction
    {
        for (int i = 0; i < x.Length; i++)
        {
            y[i] = (float)TFunction.Scalar(x[i]);
        }
    }

    internal static void Lanes<TFunction, TLanes>(ReadOnlySpan<float> x, Span<float> y)
        where TFunction : struct, IActivationFunction
        where TLanes : struct, ILanes<TLanes>
    {
        int count = x.Length, i = 0;
        fixed (float* source = x, target = y)
        {
            for (; i + TLanes.Count <= count; i += TLanes.Count)
            {
                TLanes.Store(TFunction.Value(TLanes.Load(source + i)), target + i);
            }

            for (; i < count; i++)
            {
                Lanes1.Store(TFunction.Value(Lanes1.Load(source + i)), target + i);
            }
        }
    }

    internal static void BackwardLanes<TFunction, TLanes>(
        ReadOnlySpan<float> x, ReadOnlySpan<float> dy, Span<float> dx, bool accumulate)
        where TFunction : struct, IActivationFunction
        where TLanes : struct, ILanes<TLanes>
    {
        int count = x.Length, i = 0;
        fixed (float* source = x, upstream = dy, target = dx)
        {
            for (; i + TLanes.Count <= count; i += TLanes.Count)
            {
                Step<TFunction, TLanes>(source + i, upstream + i, target + i, accumulate);
            }

            Tail<TFunction>(i, count, source, upstream, target, accumulate);
        }
    }

    /// <summary>Apart from the loop over vectors, whose body would otherwise outgrow what the JIT inlines.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Tail<TFunction>(int i, int count, float* x, float* dy, float* dx, bool accumulate)
        where TFunction : struct, IActivationFunction
    {
        for (; i < count; i++)
        {
            Step<TFunction, Lanes1>(x + i, dy + i, dx + i, accumulate);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step<TFunction, TLanes>(float* x, float* dy, float* dx, bool accumulate)
        where TFunction : struct, IActivationFunction
        where TLanes : struct, ILanes<TLanes>
    {
        TFunction.ValueAndSlope(TLanes.Load(x), out TLanes slope);
        TLanes old = accumulate ? TLanes.Load(dx) : TLanes.Zero;
        TLanes.Store(TLanes.MultiplyAdd(TLanes.Load(dy), slope, old), dx);
    }

    private static void Choose<TFunction>(ReadOnlySpan<float> x, Span<float> y)
        where TFunction : struct, IActivationFunction
    {
        switch (Simd.Width)
        {
            case 512:
                Lanes<TFunction, Lanes512>(x, y);
                break;
            case 256:
                Lanes<TFunction, Lanes256>(x, y);
                break;
            case 128:
                Lanes<TFunction, Lanes128>(x, y);
                break;
            default:
                Lanes<TFunction, Lanes1>(x, y);
                break;
        }
    }

    private static void ChooseBackward<TFunction>(ReadOnlySpan<float> x, ReadOnlySpan<float> dy, Span<float> dx, bool accumulate)
        where TFunction : struct, IActivationFunction
    {
        switch (Simd.Width)
        {
            case 512:
                BackwardLanes<TFunction, Lanes512>(x, dy, dx, accumulate);
                break;
            case 256:
                BackwardLanes<TFunction, Lanes256>(x, dy, dx, accumulate);
                break;
            case 128:
                BackwardLanes<TFunction, Lanes128>(x, dy, dx, accumulate);
                break;
            default:
                BackwardLanes<TFunction, Lanes1>(x, dy, dx, accumulate);
                break;
        }
    }
}
