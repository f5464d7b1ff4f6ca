using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels.Optimizers;

/// <summary>One step of Adam or AdamW in its AMSGrad form: the root is of the largest mean square so far.</summary>
/// <remarks>
/// <para>Shapes: <c>value, gradient, mean, square, largest [n]</c>; all but the gradient are changed in place.</para>
/// <para>Formula: as <see cref="AdamKernel"/>, with <c>u = max(u, v)</c> and <c>√u</c> in the place of <c>√v</c>.</para>
/// <para>Rounding: one chain of operations an element, the same at every width.</para>
/// <para>Source: Reddi, Kale, Kumar 2018, arXiv:1904.09237, with torch's bias correction of the maximum.</para>
/// </remarks>
internal static unsafe class AmsGradKernel
{
    public static void Run(
        Span<float> value,
        ReadOnlySpan<float> gradient,
        Span<float> mean,
        Span<float> square,
        Span<float> largest,
        in AdamCoefficients c)
    {
        OptimizerSpans.Check("amsgrad", value.Length, gradient.Length, mean.Length, square.Length, largest.Length);
        fixed (float* p = value, g = gradient, m = mean, v = square, u = largest)
        {
            switch (Simd.Width)
            {
                case 512: Lanes<Lanes512>(p, g, m, v, u, value.Length, c); break;
                case 256: Lanes<Lanes256>(p, g, m, v, u, value.Length, c); break;
                case 128: Lanes<Lanes128>(p, g, m, v, u, value.Length, c); break;
                default: Lanes<Lanes1>(p, g, m, v, u, value.Length, c); break;
            }
        }
    }

    /// <summary>The definition, over one lane, and the fast body, over more; the tail runs over one lane.</summary>
    internal static void Lanes<TLanes>(float* p, float* g, float* m, float* v, float* u, int length, in AdamCoefficients c)
        where TLanes : struct, ILanes<TLanes>
    {
        int i = 0;
        for (; i + TLanes.Count <= length; i += TLanes.Count)
        {
            TLanes value = TLanes.Load(p + i);
            TLanes gradient = TLanes.MultiplyAdd(
                TLanes.Broadcast(c.CoupledDecay), value, TLanes.Load(g + i) * TLanes.Broadcast(c.GradientScale));
            TLanes mean = TLanes.MultiplyAdd(
                TLanes.Broadcast(c.Beta1), TLanes.Load(m + i), TLanes.Broadcast(c.OneMinusBeta1) * gradient);
            TLanes square = TLanes.MultiplyAdd(
                TLanes.Broadcast(c.Beta2), TLanes.Load(v + i), TLanes.Broadcast(c.OneMinusBeta2) * gradient * gradient);
            TLanes largest = TLanes.Max(TLanes.Load(u + i), square);
            TLanes root = TLanes.MultiplyAdd(
                TLanes.Sqrt(largest), TLanes.Broadcast(c.RootScale), TLanes.Broadcast(c.Epsilon));
            TLanes.Store(mean, m + i);
            TLanes.Store(square, v + i);
            TLanes.Store(largest, u + i);
            TLanes kept = TLanes.MultiplyAdd(TLanes.Broadcast(-c.Shrink), value, value);
            TLanes.Store(TLanes.MultiplyAdd(TLanes.Broadcast(-c.StepSize), mean / root, kept), p + i);
        }

        if (i < length)
        {
            Lanes<Lanes1>(p + i, g + i, m + i, v + i, u + i, length - i, c);
        }
    }
}
