using MoeSharp.Tensors.Kernels;
using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Tests.Kernels;

public unsafe class SumKernelTests
{
    [Fact]
    public void Sums_are_near_the_definition_at_every_width() => KernelRig.Run(
        [Sums<Lanes1>, Sums<Lanes128>, Sums<Lanes256>, Sums<Lanes512>],
        (a, b, c, y, z) =>
        {
            double dot3 = 0;
            for (int i = 0; i < a.Length; i++)
            {
                dot3 += (double)a[i] * b[i] * c[i];
            }

            y.Fill((float)SumKernel.Scalar(a, default));
            z.Fill((float)(SumKernel.Scalar(a, b) + dot3));
        },
        sameBits: false,
        tolerance: 1e-4); // sums of 257 terms of both signs may be near zero: the bound is on Σ|terms|

    [Fact]
    public void The_largest_is_found_at_every_width() => KernelRig.Run(
        [Largest<Lanes1>, Largest<Lanes128>, Largest<Lanes256>, Largest<Lanes512>],
        (a, b, c, y, z) =>
        {
            float max = float.NegativeInfinity;
            foreach (float value in a)
            {
                max = MathF.Max(max, value);
            }

            y.Fill(max);
        },
        sameBits: true,
        tolerance: 0);

    [Fact]
    public void A_long_sum_of_tenths_stays_exact_to_the_last_digits()
    {
        float[] x = new float[1_000_000];
        x.AsSpan().Fill(0.1f);

        // The stated bound, (512/4/lanes + 8)·ε·Σ; one chain in float32 would be off by 958.
        double bound = ((128.0 / Math.Max(1, Simd.Width / 32)) + 8) * 6e-8 * 100_000;
        SumKernel.Sum(x).ShouldBe(100_000 * (0.1f / 0.1), bound);
    }

    private static void Sums<TLanes>(ReadOnlySpan<float> a, ReadOnlySpan<float> b, ReadOnlySpan<float> c, Span<float> y, Span<float> z)
        where TLanes : struct, ILanes<TLanes>
    {
        y.Fill((float)SumKernel.SumLanes<TLanes>(a));
        fixed (float* first = a, second = b, third = c)
        {
            z.Fill((float)(SumKernel.DotLanes<TLanes>(a, b) + RowSums.Dot<TLanes>(first, second, third, a.Length)));
        }
    }

    private static void Largest<TLanes>(ReadOnlySpan<float> a, ReadOnlySpan<float> b, ReadOnlySpan<float> c, Span<float> y, Span<float> z)
        where TLanes : struct, ILanes<TLanes>
    {
        fixed (float* source = a)
        {
            y.Fill(RowSums.Max<TLanes>(source, a.Length));
        }
    }
}
