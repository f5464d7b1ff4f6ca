using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels.Peaks;

/// <summary>The multiply-add peak of one core: twelve independent chains of <c>s = s·x + y</c>, enough to hide the latency of any core.</summary>
/// <remarks>Work: 24·lanes flops a step. Nothing is loaded or stored, so only the multiply-add units limit it.</remarks>
internal static class MultiplyAddPeakKernel
{
    /// <summary>Chains that run beside each other.</summary>
    public const int Chains = 12;

    /// <summary>Runs <paramref name="steps"/> steps at the process's lane width.</summary>
    /// <returns>The flops done; <paramref name="result"/> keeps the work from being removed.</returns>
    public static double Run(long steps, out float result)
    {
        switch (Simd.Width)
        {
            case 512:
                result = Lanes<Lanes512>(steps);
                return 2.0 * Chains * Lanes512.Count * steps;
            case 256:
                result = Lanes<Lanes256>(steps);
                return 2.0 * Chains * Lanes256.Count * steps;
            case 128:
                result = Lanes<Lanes128>(steps);
                return 2.0 * Chains * Lanes128.Count * steps;
            default:
                result = Lanes<Lanes1>(steps);
                return 2.0 * Chains * steps;
        }
    }

    /// <summary>Starts near 1 and stays there: x is a little below 1, y makes up for it.</summary>
    internal static float Lanes<TLanes>(long steps)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes x = TLanes.Broadcast(0.999f), y = TLanes.Broadcast(0.001f);
        TLanes s0 = y, s1 = y, s2 = y, s3 = y, s4 = y, s5 = y, s6 = y, s7 = y, s8 = y, s9 = y, s10 = y, s11 = y;
        for (long step = 0; step < steps; step++)
        {
            s0 = TLanes.MultiplyAdd(s0, x, y);
            s1 = TLanes.MultiplyAdd(s1, x, y);
            s2 = TLanes.MultiplyAdd(s2, x, y);
            s3 = TLanes.MultiplyAdd(s3, x, y);
            s4 = TLanes.MultiplyAdd(s4, x, y);
            s5 = TLanes.MultiplyAdd(s5, x, y);
            s6 = TLanes.MultiplyAdd(s6, x, y);
            s7 = TLanes.MultiplyAdd(s7, x, y);
            s8 = TLanes.MultiplyAdd(s8, x, y);
            s9 = TLanes.MultiplyAdd(s9, x, y);
            s10 = TLanes.MultiplyAdd(s10, x, y);
            s11 = TLanes.MultiplyAdd(s11, x, y);
        }

        return TLanes.Sum((s0 + s1 + s2 + s3) + (s4 + s5 + s6 + s7) + (s8 + s9 + s10 + s11));
    }
}
