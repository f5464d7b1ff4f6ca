using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels.Peaks;

/// <summary>Reads memory and does next to nothing with it: the bandwidth that a weight can be streamed at.</summary>
internal static unsafe class ReadPeakKernel
{
    /// <summary>Sum of <paramref name="length"/> floats, a multiple of 128, in eight chains.</summary>
    public static float Run(float* source, long length) => Simd.Width switch
    {
        512 => Lanes<Lanes512>(source, length),
        256 => Lanes<Lanes256>(source, length),
        128 => Lanes<Lanes128>(source, length),
        _ => Lanes<Lanes1>(source, length),
    };

    internal static float Lanes<TLanes>(float* source, long length)
        where TLanes : struct, ILanes<TLanes>
    {
        int lane = TLanes.Count;
        TLanes s0 = TLanes.Zero, s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
        for (float* end = source + length; source < end; source += 8 * lane)
        {
            s0 += TLanes.Load(source);
            s1 += TLanes.Load(source + lane);
            s2 += TLanes.Load(source + (2 * lane));
            s3 += TLanes.Load(source + (3 * lane));
            s4 += TLanes.Load(source + (4 * lane));
            s5 += TLanes.Load(source + (5 * lane));
            s6 += TLanes.Load(source + (6 * lane));
            s7 += TLanes.Load(source + (7 * lane));
        }

        return TLanes.Sum((s0 + s1 + s2 + s3) + (s4 + s5 + s6 + s7));
    }
}
