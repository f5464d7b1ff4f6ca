using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels;

/// <summary>Sum and dot product of spans, accumulated as <see cref="RowSums"/> says, in double between blocks.</summary>
internal static unsafe class SumKernel
{
    /// <summary>Σ x.</summary>
    public static double Sum(ReadOnlySpan<float> x) => Simd.Width switch
    {
        512 => SumLanes<Lanes512>(x),
        256 => SumLanes<Lanes256>(x),
        128 => SumLanes<Lanes128>(x),
        _ => SumLanes<Lanes1>(x),
    };

    /// <summary>Σ x·y.</summary>
    public static double Dot(ReadOnlySpan<float> x, ReadOnlySpan<float> y) => Simd.Width switch
    {
        512 => DotLanes<Lanes512>(x, y),
        256 => DotLanes<Lanes256>(x, y),
        128 => DotLanes<Lanes128>(x, y),
        _ => DotLanes<Lanes1>(x, y),
    };

    /// <summary>The definition, in double.</summary>
    internal static double Scalar(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        double sum = 0;
        for (int i = 0; i < x.Length; i++)
        {
            sum += (double)x[i] * (y.IsEmpty ? 1 : y[i]);
        }

        return sum;
    }

    internal static double SumLanes<TLanes>(ReadOnlySpan<float> x)
        where TLanes : struct, ILanes<TLanes>
    {
        fixed (float* source = x)
        {
            return RowSums.Sum<TLanes>(source, x.Length);
        }
    }

    internal static double DotLanes<TLanes>(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
        where TLanes : struct, ILanes<TLanes>
    {
        fixed (float* left = x, right = y)
        {
            return RowSums.Dot<TLanes>(left, right, x.Length);
        }
    }
}
