using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels.Optimizers;

/// <summary>One step of gradient descent with momentum, plain or Nesterov's.</summary>
/// <remarks>
/// <para>Shapes: <c>value, gradient, velocity [n]</c>; value and velocity are changed in place.</para>
/// <para>Formula: <c>g = scale·g + λ·p</c>; <c>b = μ·b + (1−d)·g</c> (first step: <c>b = g</c>, undamped);
/// <c>p = p − η·b</c>, Nesterov <c>p = p − η·(g + μ·b)</c>.</para>
/// <para>Rounding: one chain of operations an element, the same at every width.</para>
/// <para>Source: Sutskever et al. 2013 in the form of torch.optim.SGD.</para>
/// </remarks>
internal static unsafe class MomentumKernel
{
    public static void Run(
        Span<float> value, ReadOnlySpan<float> gradient, Span<float> velocity, in MomentumCoefficients c)
    {
        OptimizerSpans.Check("momentum", value.Length, gradient.Length, velocity.Length);
        fixed (float* p = value, g = gradient, b = velocity)
        {
            switch (Simd.Width)
            {
                case 512: Lanes<Lanes512>(p, g, b, value.Length, c); break;
                case 256: Lanes<Lanes256>(p, g, b, value.Length, c); break;
                case 128: Lanes<Lanes128>(p, g, b, value.Length, c); break;
                default: Lanes<Lanes1>(p, g, b, value.Length, c); break;
            }
        }
    }

    /// <summary>The definition, over one lane, and the fast body, over more; the tail runs over one lane.</summary>
    internal static void Lanes<TLanes>(float* p, float* g, float* b, int length, in MomentumCoefficients c)
        where TLanes : struct, ILanes<TLanes>
    {
        int i = 0;
        for (; i + TLanes.Count <= length; i += TLanes.Count)
        {
            TLanes value = TLanes.Load(p + i);
            TLanes gradient = TLanes.MultiplyAdd(
                TLanes.Broadcast(c.Decay), value, TLanes.Load(g + i) * TLanes.Broadcast(c.GradientScale));
            TLanes velocity = TLanes.MultiplyAdd(
                TLanes.Broadcast(c.Memory), TLanes.Load(b + i), TLanes.Broadcast(c.Share) * gradient);
            TLanes direction = TLanes.MultiplyAdd(
                TLanes.Broadcast(c.VelocityShare), velocity, TLanes.Broadcast(c.GradientShare) * gradient);
            TLanes.Store(velocity, b + i);
            TLanes.Store(TLanes.MultiplyAdd(TLanes.Broadcast(-c.LearningRate), direction, value), p + i);
        }

        if (i < length)
        {
            Lanes<Lanes1>(p + i, g + i, b + i, length - i, c);
        }
    }
}
