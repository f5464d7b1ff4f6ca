using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels.Optimizers;

/// <summary>One step of Adagrad: each element's step shrinks with all its gradients so far.</summary>
/// <remarks>
/// <para>Shapes: <c>value, gradient, sum [n]</c>; value and sum are changed in place.</para>
/// <para>Formula: <c>g = scale·g + λ·p</c>; <c>s = s + g²</c>; <c>p = p − η·g / (√s + ε)</c>.</para>
/// <para>Rounding: one chain of operations an element, the same at every width.</para>
/// <para>Source: Duchi, Hazan, Singer 2011, in the form of torch.optim.Adagrad.</para>
/// </remarks>
internal static unsafe class AdagradKernel
{
    public static void Run(
        Span<float> value,
        ReadOnlySpan<float> gradient,
        Span<float> sum,
        float gradientScale,
        float learningRate,
        float decay,
        float epsilon)
    {
        OptimizerSpans.Check("adagrad", value.Length, gradient.Length, sum.Length);
        fixed (float* p = value, g = gradient, s = sum)
        {
            switch (Simd.Width)
            {
                case 512: Lanes<Lanes512>(p, g, s, value.Length, gradientScale, learningRate, decay, epsilon); break;
                case 256: Lanes<Lanes256>(p, g, s, value.Length, gradientScale, learningRate, decay, epsilon); break;
                case 128: Lanes<Lanes128>(p, g, s, value.Length, gradientScale, learningRate, decay, epsilon); break;
                default: Lanes<Lanes1>(p, g, s, value.Length, gradientScale, learningRate, decay, epsilon); break;
            }
        }
    }

    /// <summary>The definition, over one lane, and the fast body, over more; the tail runs over one lane.</summary>
    internal static void Lanes<TLanes>(
        float* p, float* g, float* s, int length, float gradientScale, float learningRate, float decay, float epsilon)
        where TLanes : struct, ILanes<TLanes>
    {
        int i = 0;
        for (; i + TLanes.Count <= length; i += TLanes.Count)
        {
            TLanes value = TLanes.Load(p + i);
            TLanes gradient = TLanes.MultiplyAdd(
                TLanes.Broadcast(decay), value, TLanes.Load(g + i) * TLanes.Broadcast(gradientScale));
            TLanes sum = TLanes.MultiplyAdd(gradient, gradient, TLanes.Load(s + i));
            TLanes root = TLanes.Sqrt(sum) + TLanes.Broadcast(epsilon);
            TLanes.Store(sum, s + i);
            TLanes.Store(TLanes.MultiplyAdd(TLanes.Broadcast(-learningRate), gradient / root, value), p + i);
        }

        if (i < length)
        {
            Lanes<Lanes1>(p + i, g + i, s + i, length - i, gradientScale, learningRate, decay, epsilon);
        }
    }
}
