using System.Runtime.InteropServices;
using MoeSharp.Tensors.Kernels.Lanes;
using MoeSharp.Tensors.Kernels.Optimizers;

namespace MoeSharp.Tensors.Tests.Kernels.Optimizers;

/// <summary>Every optimiser kernel at every width and length gives the bits of one lane, and touches nothing outside its range.</summary>
public sealed unsafe class OptimizerKernelTests
{
    private const int Pad = 5;

    private static readonly AdamCoefficients s_adam = AdamCoefficients.At(
        step: 3, learningRate: 0.01, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, decay: 0.1, decoupled: false, gradientScale: 0.7);

    private static readonly MomentumCoefficients s_momentum = new(0.7f, 0.01f, 0.1f, 0.9f, 0.8f, 0.9f, 1f);

    private static readonly RmsPropCoefficients s_rmsProp = new(0.7f, 0.01f, 0.1f, 0.9f, 0.1f, 1e-8f, 1f, 0.9f);

    private delegate void Body(float* p, float* g, float* a, float* b, float* c, int length);

    [Fact]
    public void Adam_gives_the_scalar_bits_at_every_width() => Compare(
        static (p, g, a, b, _, n) => AdamKernel.Scalar(p, g, a, b, n, s_adam),
        static (p, g, a, b, _, n) => AdamKernel.Lanes<Lanes128>(p, g, a, b, n, s_adam),
        static (p, g, a, b, _, n) => AdamKernel.Lanes<Lanes256>(p, g, a, b, n, s_adam),
        static (p, g, a, b, _, n) => AdamKernel.Lanes<Lanes512>(p, g, a, b, n, s_adam));

    [Fact]
    public void AmsGrad_gives_the_scalar_bits_at_every_width() => Compare(
        static (p, g, a, b, c, n) => AmsGradKernel.Lanes<Lanes1>(p, g, a, b, c, n, s_adam),
        static (p, g, a, b, c, n) => AmsGradKernel.Lanes<Lanes128>(p, g, a, b, c, n, s_adam),
        static (p, g, a, b, c, n) => AmsGradKernel.Lanes<Lanes256>(p, g, a, b, c, n, s_adam),
        static (p, g, a, b, c, n) => AmsGradKernel.Lanes<Lanes512>(p, g, a, b, c, n, s_adam));

    [Fact]
    public void Momentum_gives_the_scalar_bits_at_every_width() => Compare(
        static (p, g, a, _, _, n) => MomentumKernel.Lanes<Lanes1>(p, g, a, n, s_momentum),
        static (p, g, a, _, _, n) => MomentumKernel.Lanes<Lanes128>(p, g, a, n, s_momentum),
        static (p, g, a, _, _, n) => MomentumKernel.Lanes<Lanes256>(p, g, a, n, s_momentum),
        static (p, g, a, _, _, n) => MomentumKernel.Lanes<Lanes512>(p, g, a, n, s_momentum));

    [Fact]
    public void Adagrad_gives_the_scalar_bits_at_every_width() => Compare(
        static (p, g, a, _, _, n) => AdagradKernel.Lanes<Lanes1>(p, g, a, n, 0.7f, 0.01f, 0.1f, 1e-8f),
        static (p, g, a, _, _, n) => AdagradKernel.Lanes<Lanes128>(p, g, a, n, 0.7f, 0.01f, 0.1f, 1e-8f),
        static (p, g, a, _, _, n) => AdagradKernel.Lanes<Lanes256>(p, g, a, n, 0.7f, 0.01f, 0.1f, 1e-8f),
        static (p, g, a, _, _, n) => AdagradKernel.Lanes<Lanes512>(p, g, a, n, 0.7f, 0.01f, 0.1f, 1e-8f));

    [Fact]
    public void RmsProp_gives_the_scalar_bits_at_every_width() => Compare(
        static (p, g, a, b, c, n) => RmsPropKernel.Lanes<Lanes1>(p, g, a, b, c, n, s_rmsProp),
        static (p, g, a, b, c, n) => RmsPropKernel.Lanes<Lanes128>(p, g, a, b, c, n, s_rmsProp),
        static (p, g, a, b, c, n) => RmsPropKernel.Lanes<Lanes256>(p, g, a, b, c, n, s_rmsProp),
        static (p, g, a, b, c, n) => RmsPropKernel.Lanes<Lanes512>(p, g, a, b, c, n, s_rmsProp));

    [Fact]
    public void The_sum_of_squares_has_the_scalar_bits_and_the_value_of_a_plain_sum()
    {
        for (int length = 0; length <= 257; length++)
        {
            float[] values = Random(length, (ulong)length);
            fixed (float* x = values)
            {
                double scalar = SquareSumKernel.Scalar(x, length);
                SquareSumKernel.Wide(x, length).ShouldBe(scalar, $"length {length}");
                scalar.ShouldBe(values.Sum(value => (double)value * value), 1e-12 * (scalar + 1));
            }
        }
    }

    [Fact]
    public void Adam_follows_its_formula_in_double()
    {
        float[] p = Random(40, 1), g = Random(40, 2), m = Random(40, 3), v = [.. Random(40, 4).Select(MathF.Abs)];
        float[] p0 = [.. p], m0 = [.. m], v0 = [.. v];
        AdamCoefficients c = AdamCoefficients.At(4, 0.02, 0.9, 0.95, 1e-3, 0.1, decoupled: true, gradientScale: 0.5);
        AdamKernel.Run(p, g, m, v, c);

        for (int i = 0; i < p.Length; i++)
        {
            double gradient = 0.5 * g[i];
            double mean = (0.9 * m0[i]) + (0.1 * gradient), square = (0.95 * v0[i]) + (0.05 * gradient * gradient);
            double root = (Math.Sqrt(square) / Math.Sqrt(1 - Math.Pow(0.95, 4))) + 1e-3;
            double expected = (p0[i] * (1 - (0.02 * 0.1))) - (0.02 / (1 - Math.Pow(0.9, 4)) * mean / root);
            ((double)p[i]).ShouldBe(expected, 1e-6 * (1 + Math.Abs(expected)));
        }
    }

    [Fact]
    public void Spans_of_different_lengths_are_refused() =>
        Should.Throw<TensorShapeException>(() => AdamKernel.Run(new float[3], new float[2], new float[3], new float[3], s_adam))
            .Message.ShouldBe("adam: value has 3 elements, gradient 2, state 3, 3. All must be equal.");

    private static void Compare(Body definition, params Body[] others)
    {
        for (int length = 0; length <= 257; length++)
        {
            float[][] expected = Arrays(length);
            Call(definition, expected, length);
            for (int width = 0; width < others.Length; width++)
            {
                float[][] actual = Arrays(length);
                Call(others[width], actual, length);
                for (int array = 0; array < actual.Length; array++)
                {
                    // As bytes, since the frames are NaN and equal nothing.
                    MemoryMarshal.AsBytes(actual[array].AsSpan()).SequenceEqual(MemoryMarshal.AsBytes(expected[array].AsSpan()))
                        .ShouldBeTrue($"length {length}, width {128 << width}, array {array}");
                }
            }
        }
    }

    private static void Call(Body body, float[][] arrays, int length)
    {
        fixed (float* p = arrays[0], g = arrays[1], a = arrays[2], b = arrays[3], c = arrays[4])
        {
            body(p + Pad, g + Pad, a + Pad, b + Pad, c + Pad, length);
        }

        foreach (float[] array in arrays)
        {
            for (int i = 0; i < Pad; i++)
            {
                float.IsNaN(array[i]).ShouldBeTrue("wrote before its range");
                float.IsNaN(array[^(i + 1)]).ShouldBeTrue("wrote past its range");
            }

            foreach (float value in array.AsSpan(Pad, length))
            {
                float.IsFinite(value).ShouldBeTrue("read outside its range");
            }
        }
    }

    /// <summary>Value, gradient and three states (not negative, as squares are), each framed by NaN.</summary>
    private static float[][] Arrays(int length)
    {
        float[][] arrays = new float[5][];
        for (int i = 0; i < arrays.Length; i++)
        {
            arrays[i] = new float[length + (2 * Pad)];
            Array.Fill(arrays[i], float.NaN);
            float[] values = Random(length, (ulong)((length * 5) + i));
            for (int j = 0; j < length; j++)
            {
                arrays[i][Pad + j] = i < 2 ? values[j] : MathF.Abs(values[j]);
            }
        }

        return arrays;
    }

    private static float[] Random(int length, ulong seed)
    {
        float[] values = new float[length];
        new Rng(seed).FillNormal(values, 1);
        return values;
    }
}
