using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels.Optimizers;

/// <summary>One step of Adam or AdamW over a range, in one pass over value, gradient and both moments.</summary>
/// <remarks>
/// <para>Shapes: <c>value, gradient, mean, square [n]</c>; value, mean and square are changed in place.</para>
/// <para>Formula: <c>g = scale·g + λc·p</c>; <c>m = β₁·m + (1−β₁)·g</c>; <c>v = β₂·v + (1−β₂)·g²</c>;
/// <c>p = (p − shrink·p) − η/(1−β₁ᵗ) · m / (√v/√(1−β₂ᵗ) + ε)</c>.</para>
/// <para>Work: 28 bytes an element (four reads, three writes), so memory decides; the clipping factor costs no pass of its own.</para>
/// <para>Rounding: one chain of operations an element, the same at every width, so widths agree bit for bit.</para>
/// <para>Source: Kingma and Ba 2015, arXiv:1412.6980; Loshchilov and Hutter 2019, arXiv:1711.05101; the place of ε is that of
/// torch.optim.AdamW.</para>
/// </remarks>
internal static unsafe class AdamKernel
{
    public static void Run(
        Span<float> value, ReadOnlySpan<float> gradient, Span<float> mean, Span<float> square, in AdamCoefficients c)
    {
        OptimizerSpans.Check("adam", value.Length, gradient.Length, mean.Length, square.Length);
        fixed (float* p = value, g = gradient, m = mean, v = square)
        {
            switch (Simd.Width)
            {
                case 512: Lanes<Lanes512>(p, g, m, v, value.Length, c); break;
                case 256: Lanes<Lanes256>(p, g, m, v, value.Length, c); break;
                case 128: Lanes<Lanes128>(p, g, m, v, value.Length, c); break;
                default: Scalar(p, g, m, v, value.Length, c); break;
            }
        }
    }

    /// <summary>The definition.</summary>
    internal static void Scalar(float* p, float* g, float* m, float* v, int length, in AdamCoefficients c)
    {
        for (int i = 0; i < length; i++)
        {
            float gradient = MathF.FusedMultiplyAdd(c.CoupledDecay, p[i], g[i] * c.GradientScale);
            m[i] = MathF.FusedMultiplyAdd(c.Beta1, m[i], c.OneMinusBeta1 * gradient);
            v[i] = MathF.FusedMultiplyAdd(c.Beta2, v[i], c.OneMinusBeta2 * gradient * gradient);
            float root = MathF.FusedMultiplyAdd(MathF.Sqrt(v[i]), c.RootScale, c.Epsilon);
            p[i] = MathF.FusedMultiplyAdd(-c.StepSize, m[i] / root, MathF.FusedMultiplyAdd(-c.Shrink, p[i], p[i]));
        }
    }

    /// <summary>The same chain over lanes; the tail runs in <see cref="Scalar"/>.</summary>
    internal static void Lanes<TLanes>(float* p, float* g, float* m, float* v, int length, in AdamCoefficients c)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes scale = TLanes.Broadcast(c.GradientScale), coupled = TLanes.Broadcast(c.CoupledDecay);
        TLanes shrink = TLanes.Broadcast(-c.Shrink), step = TLanes.Broadcast(-c.StepSize);
        TLanes beta1 = TLanes.Broadcast(c.Beta1), rest1 = TLanes.Broadcast(c.OneMinusBeta1);
        TLanes beta2 = TLanes.Broadcast(c.Beta2), rest2 = TLanes.Broadcast(c.OneMinusBeta2);
        TLanes rootScale = TLanes.Broadcast(c.RootScale), epsilon = TLanes.Broadcast(c.Epsilon);
        int i = 0;
        for (; i + TLanes.Count <= length; i += TLanes.Count)
        {
            TLanes value = TLanes.Load(p + i);
            TLanes gradient = TLanes.MultiplyAdd(coupled, value, TLanes.Load(g + i) * scale);
            TLanes mean = TLanes.MultiplyAdd(beta1, TLanes.Load(m + i), rest1 * gradient);
            TLanes square = TLanes.MultiplyAdd(beta2, TLanes.Load(v + i), rest2 * gradient * gradient);
            TLanes root = TLanes.MultiplyAdd(TLanes.Sqrt(square), rootScale, epsilon);
            TLanes.Store(mean, m + i);
            TLanes.Store(square, v + i);
            TLanes.Store(TLanes.MultiplyAdd(step, mean / root, TLanes.MultiplyAdd(shrink, value, value)), p + i);
        }

        Scalar(p + i, g + i, m + i, v + i, length - i, c);
    }
}
