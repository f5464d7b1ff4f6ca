using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels.Optimizers;

/// <summary>One step of RMSprop, optionally centred and with momentum.</summary>
/// <remarks>
/// <para>Shapes: <c>value, gradient, square, mean, velocity [n]</c>; all but the gradient are changed in place.</para>
/// <para>Formula: <c>g = scale·g + λ·p</c>; <c>v = α·v + (1−α)·g²</c>; <c>a = α·a + (1−α)·g</c>;
/// <c>b = μ·b + g / (√(v − centred·a²) + ε)</c>; <c>p = p − η·b</c>.</para>
/// <para>Rounding: one chain of operations an element, the same at every width.</para>
/// <para>Source: Hinton's lecture 6e; Graves 2013, arXiv:1308.0850 (centred), in the form of torch.optim.RMSprop.</para>
/// </remarks>
internal static unsafe class RmsPropKernel
{
    public static void Run(
        Span<float> value,
        ReadOnlySpan<float> gradient,
        Span<float> square,
        Span<float> mean,
        Span<float> velocity,
        in RmsPropCoefficients c)
    {
        OptimizerSpans.Check("rmsprop", value.Length, gradient.Length, square.Length, mean.Length, velocity.Length);
        fixed (float* p = value, g = gradient, v = square, a = mean, b = velocity)
        {
            switch (Simd.Width)
            {
                case 512: Lanes<Lanes512>(p, g, v, a, b, value.Length, c); break;
                case 256: Lanes<Lanes256>(p, g, v, a, b, value.Length, c); break;
                case 128: Lanes<Lanes128>(p, g, v, a, b, value.Length, c); break;
                default: Lanes<Lanes1>(p, g, v, a, b, value.Length, c); break;
            }
        }
    }

    /// <summary>The definition, over one lane, and the fast body, over more; the tail runs over one lane.</summary>
    internal static void Lanes<TLanes>(
        float* p, float* g, float* v, float* a, float* b, int length, in RmsPropCoefficients c)
        where TLanes : struct, ILanes<TLanes>
    {
        int i = 0;
        for (; i + TLanes.Count <= length; i += TLanes.Count)
        {
            TLanes alpha = TLanes.Broadcast(c.Alpha), rest = TLanes.Broadcast(c.OneMinusAlpha);
            TLanes value = TLanes.Load(p + i);
            TLanes gradient = TLanes.MultiplyAdd(
                TLanes.Broadcast(c.Decay), value, TLanes.Load(g + i) * TLanes.Broadcast(c.GradientScale));
            TLanes square = TLanes.MultiplyAdd(alpha, TLanes.Load(v + i), rest * gradient * gradient);
            TLanes mean = TLanes.MultiplyAdd(alpha, TLanes.Load(a + i), rest * gradient);

            // Rounding may take the variance below zero, where its root would be NaN.
            TLanes variance = TLanes.Max(square - (TLanes.Broadcast(c.Centered) * mean * mean), TLanes.Zero);
            TLanes root = TLanes.Sqrt(variance) + TLanes.Broadcast(c.Epsilon);
            TLanes velocity = TLanes.MultiplyAdd(TLanes.Broadcast(c.Momentum), TLanes.Load(b + i), gradient / root);
            TLanes.Store(square, v + i);
            TLanes.Store(mean, a + i);
            TLanes.Store(velocity, b + i);
            TLanes.Store(TLanes.MultiplyAdd(TLanes.Broadcast(-c.LearningRate), velocity, value), p + i);
        }

        if (i < length)
        {
            Lanes<Lanes1>(p + i, g + i, v + i, a + i, b + i, length - i, c);
        }
    }
}
