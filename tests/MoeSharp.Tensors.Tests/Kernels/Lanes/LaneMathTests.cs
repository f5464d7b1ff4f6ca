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

    [Fact]
    public void Sigmoid_tanh_erf_and_softplus_are_within_their_bounds_and_the_same_bits_at_every_width()
    {
        var worst = new double[4];
        float[] x = new float[16];
        for (float start = -12; start < 12; start += 0.011f)
        {
            for (int i = 0; i < 16; i++)
            {
                x[i] = (start + (i * 0.0007f)) * (i < 12 ? 1 : 0.01f);
            }

            float[] one = EvaluateAll<Lanes1>(x);
            KernelRig.ShouldHaveTheSameBits(EvaluateAll<Lanes128>(x), one, "width 128");
            KernelRig.ShouldHaveTheSameBits(EvaluateAll<Lanes256>(x), one, "width 256");
            KernelRig.ShouldHaveTheSameBits(EvaluateAll<Lanes512>(x), one, "width 512");
            for (int i = 0; i < 16; i++)
            {
                double erf = Math.Abs(x[i]) > 0.5 ? 1 - LaneMath.ErfcScalar(x[i]) : ErfSeries(x[i]);
                double[] exact = [1 / (1 + Math.Exp(-x[i])), Math.Tanh(x[i]), erf, SoftplusExact(x[i])];
                for (int f = 0; f < 4; f++)
                {
                    double error = Math.Abs(one[(f * 16) + i] - exact[f]) / Math.Max(Math.Abs(exact[f]), 1e-30);
                    worst[f] = Math.Max(worst[f], error * (1 << 24));
                }
            }
        }

        worst[0].ShouldBeLessThan(4, "sigmoid");
        worst[1].ShouldBeLessThan(3, "tanh");
        worst[2].ShouldBeLessThan(3, "erf");
        worst[3].ShouldBeLessThan(4, "softplus");
    }

    [Fact]
    public void Sigmoid_tanh_erf_and_softplus_have_their_edges()
    {
        const float inf = float.PositiveInfinity, nan = float.NaN;
        float[] y = EvaluateAll<Lanes256>([-inf, inf, nan, -0f, -100, 100, 0, 20, -inf, inf, nan, -0f, -100, 100, 0, 20]);
        y[..7].ShouldBe([0, 1, nan, 0.5f, 0, 1, 0.5f]);
        y[16..23].ShouldBe([-1, 1, nan, -0f, -1, 1, 0]);
        y[32..39].ShouldBe([-1, 1, nan, -0f, -1, 1, 0]);
        y[48..51].ShouldBe([0, inf, nan]);
        y[52..54].ShouldBe([0, 100]);
        float.IsNegative(y[19]).ShouldBeTrue();
        float.IsNegative(y[35]).ShouldBeTrue();
    }

    private static double SoftplusExact(double x)
    {
        double u = Math.Exp(-Math.Abs(x)), rounded = 1 + u;
        double log = rounded == 1 ? u : Math.Log(rounded) * u / (rounded - 1); // log1p
        return Math.Max(x, 0) + log;
    }

    private static double ErfSeries(double x)
    {
        double term = x, sum = x;
        for (int k = 1; k < 20; k++)
        {
            term *= -x * x / k;
            sum += term / ((2 * k) + 1);
        }

        return 2 / Math.Sqrt(Math.PI) * sum;
    }

    private static float[] EvaluateAll<TLanes>(ReadOnlySpan<float> x)
        where TLanes : struct, ILanes<TLanes>
    {
        float[] y = new float[4 * x.Length];
        fixed (float* source = x, target = y)
        {
            for (int i = 0; i < x.Length; i += TLanes.Count)
            {
                TLanes value = TLanes.Load(source + i);
                TLanes.Store(LaneMath.Sigmoid(value), target + i);
                TLanes.Store(LaneMath.Tanh(value), target + x.Length + i);
                TLanes.Store(LaneMath.Erf(value), target + (2 * x.Length) + i);
                TLanes.Store(LaneMath.Softplus(value), target + (3 * x.Length) + i);
            }
        }

        return y;
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
