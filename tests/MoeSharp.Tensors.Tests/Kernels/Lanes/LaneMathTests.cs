using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Tests.Kernels.Lanes;

public unsafe class LaneMathTests
{
    [Fact]
    public void Exp_is_within_two_units_and_the_same_bits_at_every_width()
    {
        Span<float> x = stackalloc float[16];
        for (float start = -90; start < 90; start += 0.37f)
        {
            for (int i = 0; i < 16; i++)
            {
                x[i] = start + (i * 0.023f);
            }

            float[] one = Evaluate<Lanes1>(x), four = Evaluate<Lanes128>(x), eight = Evaluate<Lanes256>(x), all = Evaluate<Lanes512>(x);
            four.ShouldBe(one);
            eight.ShouldBe(one);
            all.ShouldBe(one);
            for (int i = 0; i < 16; i++)
            {
                double exact = Math.Exp(x[i]);
                if (x[i] > -86.98f && x[i] < 88.7f)
                {
                    (Math.Abs(one[i] - exact) / exact).ShouldBeLessThan(2.0 / (1 << 24), $"exp({x[i]:R})");
                }
            }
        }
    }

    [Fact]
    public void Exp_has_its_edges()
    {
        float[] y = Evaluate<Lanes256>([float.NegativeInfinity, float.PositiveInfinity, float.NaN, 0, -200, 200, -0f, 1]);
        y[..7].ShouldBe([0, float.PositiveInfinity, float.NaN, 1, 0, float.PositiveInfinity, 1]);
    }

    private static float[] Evaluate<TLanes>(ReadOnlySpan<float> x)
        where TLanes : struct, ILanes<TLanes>
    {
        float[] y = new float[x.Length];
        fixed (float* source = x, target = y)
        {
            for (int i = 0; i < x.Length; i += TLanes.Count)
            {
                TLanes.Store(LaneMath.Exp(TLanes.Load(source + i)), target + i);
            }
        }

        return y;
    }
}
