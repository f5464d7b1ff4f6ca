using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels;

/// <summary>The gated activation of gpt-oss: <c>y = (b′ + 1)·a′·σ(α·a′)</c>, <c>a′ = min(a, limit)</c>, <c>b′ = clamp(b, −limit, limit)</c>.</summary>
/// <remarks>
/// <para>Shapes: all <c>[n]</c>. Backward, with σ at α·a′: <c>da = dy·(b′ + 1)·σ·(1 + α·a′·(1 − σ))</c> where a ≤ limit, else 0;
/// <c>db = dy·a′·σ</c> where |b| ≤ limit, else 0. Bits depend on neither width nor place; the tail runs on single lanes.</para>
/// <para>Source: openai/gpt-oss, gpt_oss/torch/model.py (<c>swiglu</c>).</para>
/// </remarks>
internal static unsafe class ClampedSwiGluKernel
{
    /// <summary>y from a and b.</summary>
    public static void Run(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> y, float alpha, float limit)
    {
        switch (Simd.Width)
        {
            case 512:
                Lanes<Lanes512>(a, b, y, alpha, limit);
                break;
            case 256:
                Lanes<Lanes256>(a, b, y, alpha, limit);
                break;
            case 128:
                Lanes<Lanes128>(a, b, y, alpha, limit);
                break;
            default:
                Lanes<Lanes1>(a, b, y, alpha, limit);
                break;
        }
    }

    /// <summary>Both gradients, each overwritten or added to; an empty span asks for none.</summary>
    public static void Backward(
        ReadOnlySpan<float> a,
        ReadOnlySpan<float> b,
        ReadOnlySpan<float> dy,
        Span<float> da,
        bool addToA,
        Span<float> db,
        bool addToB,
        float alpha,
        float limit)
    {
        switch (Simd.Width)
        {
            case 512:
                BackwardLanes<Lanes512>(a, b, dy, da, addToA, db, addToB, alpha, limit);
                break;
            case 256:
                BackwardLanes<Lanes256>(a, b, dy, da, addToA, db, addToB, alpha, limit);
                break;
            case 128:
                BackwardLanes<Lanes128>(a, b, dy, da, addToA, db, addToB, alpha, limit);
                break;
            default:
                BackwardLanes<Lanes1>(a, b, dy, da, addToA, db, addToB, alpha, limit);
                break;
        }
    }

    /// <summary>The definition, in double.</summary>
    internal static void Scalar(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> y, float alpha, float limit)
    {
        for (int i = 0; i < a.Length; i++)
        {
            double gated = Math.Min(a[i], limit), linear = Math.Clamp(b[i], -limit, limit);
            y[i] = (float)((linear + 1) * gated / (1 + Math.Exp(-alpha * gated)));
        }
    }

    internal static void Lanes<TLanes>(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> y, float alpha, float limit)
        where TLanes : struct, ILanes<TLanes>
    {
        int count = a.Length, i = 0;
        fixed (float* left = a, right = b, target = y)
        {
            for (; i + TLanes.Count <= count; i += TLanes.Count)
            {
                Step<TLanes>(left + i, right + i, target + i, alpha, limit);
            }

            for (; i < count; i++)
            {
                Step<Lanes1>(left + i, right + i, target + i, alpha, limit);
            }
        }
    }

    internal static void BackwardLanes<TLanes>(
        ReadOnlySpan<float> a,
        ReadOnlySpan<float> b,
        ReadOnlySpan<float> dy,
        Span<float> da,
        bool addToA,
        Span<float> db,
        bool addToB,
        float alpha,
        float limit)
        where TLanes : struct, ILanes<TLanes>
    {
        int count = a.Length, i = 0;
        fixed (float* left = a, right = b, upstream = dy, leftTarget = da, rightTarget = db)
        {
            for (; i + TLanes.Count <= count; i += TLanes.Count)
            {
                BackwardStep<TLanes>(i, left, right, upstream, leftTarget, addToA, rightTarget, addToB, alpha, limit);
            }

            for (; i < count; i++)
            {
                BackwardStep<Lanes1>(i, left, right, upstream, leftTarget, addToA, rightTarget, addToB, alpha, limit);
            }
        }
    }

    private static void Step<TLanes>(float* a, float* b, float* y, float alpha, float limit)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes gated = TLanes.Min(TLanes.Load(a), TLanes.Broadcast(limit));
        TLanes linear = TLanes.Max(TLanes.Min(TLanes.Load(b), TLanes.Broadcast(limit)), TLanes.Broadcast(-limit));
        TLanes sigmoid = LaneMath.Sigmoid(TLanes.Broadcast(alpha) * gated);
        TLanes.Store((linear + TLanes.Broadcast(1f)) * (gated * sigmoid), y);
    }

    private static void BackwardStep<TLanes>(
        int i, float* a, float* b, float* dy, float* da, bool addToA, float* db, bool addToB, float alpha, float limit)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes one = TLanes.Broadcast(1f), most = TLanes.Broadcast(limit);
        TLanes left = TLanes.Load(a + i), right = TLanes.Load(b + i), upstream = TLanes.Load(dy + i);
        TLanes gated = TLanes.Min(left, most);
        TLanes linear = TLanes.Max(TLanes.Min(right, most), TLanes.Broadcast(-limit));
        TLanes scaled = TLanes.Broadcast(alpha) * gated;
        TLanes sigmoid = LaneMath.Sigmoid(scaled);
        if (da != null)
        {
            TLanes slope = sigmoid * TLanes.MultiplyAdd(scaled, one - sigmoid, one);
            TLanes value = TLanes.IfGreater(left, most, TLanes.Zero, upstream * (linear + one) * slope);
            TLanes.Store(addToA ? value + TLanes.Load(da + i) : value, da + i);
        }

        if (db != null)
        {
            TLanes value = TLanes.IfGreater(TLanes.Abs(right), most, TLanes.Zero, upstream * (gated * sigmoid));
            TLanes.Store(addToB ? value + TLanes.Load(db + i) : value, db + i);
        }
    }
}
