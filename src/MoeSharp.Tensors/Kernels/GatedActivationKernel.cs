using System.Runtime.CompilerServices;
using MoeSharp.Tensors.Autograd.Ops;
using MoeSharp.Tensors.Kernels.Activations;
using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels;

/// <summary>Gated activation: <c>y = f(a)∘b</c>, and its two gradients in one pass.</summary>
/// <remarks>
/// <para>Shapes: all <c>[n]</c>. Backward: <c>da = dy∘b∘f′(a)</c>, <c>db = dy∘f(a)</c>. Bytes: 12n forward, 20n backward
/// (more where a gradient is added to). The tail runs on single lanes; bits depend on neither width nor place.</para>
/// </remarks>
internal static unsafe class GatedActivationKernel
{
    /// <summary>y = f(a)∘b.</summary>
    public static void Run(Activation activation, ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> y)
    {
        switch (activation)
        {
            case Activation.Identity:
                Choose<IdentityFunction>(a, b, y);
                break;
            case Activation.Relu:
                Choose<ReluFunction>(a, b, y);
                break;
            case Activation.ReluSquared:
                Choose<ReluSquaredFunction>(a, b, y);
                break;
            case Activation.Silu:
                Choose<SiluFunction>(a, b, y);
                break;
            case Activation.Gelu:
                Choose<GeluFunction>(a, b, y);
                break;
            case Activation.GeluTanh:
                Choose<GeluTanhFunction>(a, b, y);
                break;
            case Activation.QuickGelu:
                Choose<QuickGeluFunction>(a, b, y);
                break;
            case Activation.Sigmoid:
                Choose<SigmoidFunction>(a, b, y);
                break;
            case Activation.Tanh:
                Choose<TanhFunction>(a, b, y);
                break;
            case Activation.Softplus:
                Choose<SoftplusFunction>(a, b, y);
                break;
            case Activation.Mish:
                Choose<MishFunction>(a, b, y);
                break;
            case Activation.Elu:
                Choose<EluFunction>(a, b, y);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(activation), $"activation: {activation} is not one.");
        }
    }

    /// <summary>Both gradients, each overwritten or added to; an empty span asks for none.</summary>
    public static void Backward(
        Activation activation,
        ReadOnlySpan<float> a,
        ReadOnlySpan<float> b,
        ReadOnlySpan<float> dy,
        Span<float> da,
        bool addToA,
        Span<float> db,
        bool addToB)
    {
        switch (activation)
        {
            case Activation.Identity:
                ChooseBackward<IdentityFunction>(a, b, dy, da, addToA, db, addToB);
                break;
            case Activation.Relu:
                ChooseBackward<ReluFunction>(a, b, dy, da, addToA, db, addToB);
                break;
            case Activation.ReluSquared:
                ChooseBackward<ReluSquaredFunction>(a, b, dy, da, addToA, db, addToB);
                break;
            case Activation.Silu:
                ChooseBackward<SiluFunction>(a, b, dy, da, addToA, db, addToB);
                break;
            case Activation.Gelu:
                ChooseBackward<GeluFunction>(a, b, dy, da, addToA, db, addToB);
                break;
            case Activation.GeluTanh:
                ChooseBackward<GeluTanhFunction>(a, b, dy, da, addToA, db, addToB);
                break;
            case Activation.QuickGelu:
                ChooseBackward<QuickGeluFunction>(a, b, dy, da, addToA, db, addToB);
                break;
            case Activation.Sigmoid:
                ChooseBackward<SigmoidFunction>(a, b, dy, da, addToA, db, addToB);
                break;
            case Activation.Tanh:
                ChooseBackward<TanhFunction>(a, b, dy, da, addToA, db, addToB);
                break;
            case Activation.Softplus:
                ChooseBackward<SoftplusFunction>(a, b, dy, da, addToA, db, addToB);
                break;
            case Activation.Mish:
                ChooseBackward<MishFunction>(a, b, dy, da, addToA, db, addToB);
                break;
            case Activation.Elu:
                ChooseBackward<EluFunction>(a, b, dy, da, addToA, db, addToB);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(activation), $"activation: {activation} is not one.");
        }
    }

    internal static void Lanes<TFunction, TLanes>(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> y)
        where TFunction : struct, IActivationFunction
        where TLanes : struct, ILanes<TLanes>
    {
        int count = a.Length, i = 0;
        fixed (float* left = a, right = b, target = y)
        {
            for (; i + TLanes.Count <= count; i += TLanes.Count)
            {
                TLanes.Store(TFunction.Value(TLanes.Load(left + i)) * TLanes.Load(right + i), target + i);
            }

            for (; i < count; i++)
            {
                Lanes1.Store(TFunction.Value(Lanes1.Load(left + i)) * Lanes1.Load(right + i), target + i);
            }
        }
    }

    internal static void BackwardLanes<TFunction, TLanes>(
        ReadOnlySpan<float> a,
        ReadOnlySpan<float> b,
        ReadOnlySpan<float> dy,
        Span<float> da,
        bool addToA,
        Span<float> db,
        bool addToB)
        where TFunction : struct, IActivationFunction
        where TLanes : struct, ILanes<TLanes>
    {
        int count = a.Length, i = 0;
        fixed (float* left = a, right = b, upstream = dy, leftTarget = da, rightTarget = db)
        {
            for (; i + TLanes.Count <= count; i += TLanes.Count)
            {
                Step<TFunction, TLanes>(i, left, right, upstream, leftTarget, addToA, rightTarget, addToB);
            }

            Tail<TFunction>(i, count, left, right, upstream, leftTarget, addToA, rightTarget, addToB);
        }
    }

    /// <summary>Apart from the loop over vectors, whose body would otherwise outgrow what the JIT inlines (ten times slower).</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Tail<TFunction>(
        int i, int count, float* a, float* b, float* dy, float* da, bool addToA, float* db, bool addToB)
        where TFunction : struct, IActivationFunction
    {
        for (; i < count; i++)
        {
            Step<TFunction, Lanes1>(i, a, b, dy, da, addToA, db, addToB);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step<TFunction, TLanes>(
        int i, float* a, float* b, float* dy, float* da, bool addToA, float* db, bool addToB)
        where TFunction : struct, IActivationFunction
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes value = TFunction.ValueAndSlope(TLanes.Load(a + i), out TLanes slope);
        TLanes upstream = TLanes.Load(dy + i);
        if (da != null)
        {
            TLanes old = addToA ? TLanes.Load(da + i) : TLanes.Zero;
            TLanes.Store(TLanes.MultiplyAdd(upstream * TLanes.Load(b + i), slope, old), da + i);
        }

        if (db != null)
        {
            TLanes old = addToB ? TLanes.Load(db + i) : TLanes.Zero;
            TLanes.Store(TLanes.MultiplyAdd(upstream, value, old), db + i);
        }
    }

    private static void Choose<TFunction>(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> y)
        where TFunction : struct, IActivationFunction
    {
        switch (Simd.Width)
        {
            case 512:
                Lanes<TFunction, Lanes512>(a, b, y);
                break;
            case 256:
                Lanes<TFunction, Lanes256>(a, b, y);
                break;
            case 128:
                Lanes<TFunction, Lanes128>(a, b, y);
                break;
            default:
                Lanes<TFunction, Lanes1>(a, b, y);
                break;
        }
    }

    private static void ChooseBackward<TFunction>(
        ReadOnlySpan<float> a,
        ReadOnlySpan<float> b,
        ReadOnlySpan<float> dy,
        Span<float> da,
        bool addToA,
        Span<float> db,
        bool addToB)
        where TFunction : struct, IActivationFunction
    {
        switch (Simd.Width)
        {
            case 512:
                BackwardLanes<TFunction, Lanes512>(a, b, dy, da, addToA, db, addToB);
                break;
            case 256:
                BackwardLanes<TFunction, Lanes256>(a, b, dy, da, addToA, db, addToB);
                break;
            case 128:
                BackwardLanes<TFunction, Lanes128>(a, b, dy, da, addToA, db, addToB);
                break;
            default:
                BackwardLanes<TFunction, Lanes1>(a, b, dy, da, addToA, db, addToB);
                break;
        }
    }
}
