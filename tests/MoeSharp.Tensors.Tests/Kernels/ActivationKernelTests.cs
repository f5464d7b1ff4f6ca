using MoeSharp.Tensors.Autograd.Ops;
using MoeSharp.Tensors.Kernels;
using MoeSharp.Tensors.Kernels.Activations;
using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Tests.Kernels;

public class ActivationKernelTests
{
    public static TheoryData<Activation> Activations => [.. Enum.GetValues<Activation>()];

    [Theory]
    [MemberData(nameof(Activations))]
    public void Every_width_gives_the_bits_of_the_scalar_body_near_the_definition(Activation activation) => Choose(activation).Run();

    [Theory]
    [MemberData(nameof(Activations))]
    public void The_chosen_body_is_that_of_the_activation(Activation activation)
    {
        float[] x = [-1.5f, 0.25f, 2f], y = new float[3];
        ActivationKernel.Run(activation, x, y);
        Choose(activation).ShouldMatch(x, y);
        float[] ones = [1, 1, 1], product = new float[3];
        GatedActivationKernel.Run(activation, x, ones, product);
        product.ShouldBe(y);
    }

    [Fact]
    public void An_unknown_activation_is_refused() =>
        Should.Throw<ArgumentOutOfRangeException>(() => ActivationKernel.Run((Activation)99, [1f], new float[1]))
            .Message.ShouldContain("activation: 99 is not one.");

    private static Suite Choose(Activation activation) => activation switch
    {
        Activation.Identity => new Suite<IdentityFunction>(),
        Activation.Relu => new Suite<ReluFunction>(),
        Activation.ReluSquared => new Suite<ReluSquaredFunction>(),
        Activation.Silu => new Suite<SiluFunction>(),
        Activation.Gelu => new Suite<GeluFunction>(),
        Activation.GeluTanh => new Suite<GeluTanhFunction>(),
        Activation.QuickGelu => new Suite<QuickGeluFunction>(),
        Activation.Sigmoid => new Suite<SigmoidFunction>(),
        Activation.Tanh => new Suite<TanhFunction>(),
        Activation.Softplus => new Suite<SoftplusFunction>(),
        Activation.Mish => new Suite<MishFunction>(),
        _ => new Suite<EluFunction>(),
    };

    private abstract class Suite
    {
        public abstract void Run();

        public abstract void ShouldMatch(float[] x, float[] y);
    }

    private sealed class Suite<TFunction> : Suite
        where TFunction : struct, IActivationFunction
    {
        public override void Run()
        {
            KernelRig.Run(
                [Forward<Lanes1>, Forward<Lanes128>, Forward<Lanes256>, Forward<Lanes512>],
                (a, b, c, y, z) =>
                {
                    ActivationKernel.Scalar<TFunction>(a, y);
                    for (int i = 0; i < a.Length; i++)
                    {
                        z[i] = (float)(TFunction.Scalar(a[i]) * b[i]);
                    }
                },
                sameBits: true,
                tolerance: 5e-7);

            // The slope by a difference quotient in double; kinks lie at 0 only, which a random number never hits closely.
            KernelRig.Run(
                [Backward<Lanes1>, Backward<Lanes128>, Backward<Lanes256>, Backward<Lanes512>],
                (a, b, c, y, z) =>
                {
                    for (int i = 0; i < a.Length; i++)
                    {
                        const double step = 1e-5;
                        double slope = (TFunction.Scalar(a[i] + step) - TFunction.Scalar(a[i] - step)) / (2 * step);
                        y[i] = (float)(c[i] * b[i] * slope);
                        z[i] += (float)(c[i] * TFunction.Scalar(a[i]));
                    }
                },
                sameBits: true,
                tolerance: 2e-6);
            KernelRig.Run(
                [Slope<Lanes1>, Slope<Lanes128>, Slope<Lanes256>, Slope<Lanes512>], definition: null, sameBits: true, tolerance: 0);
        }

        public override void ShouldMatch(float[] x, float[] y)
        {
            for (int i = 0; i < x.Length; i++)
            {
                y[i].ShouldBe((float)TFunction.Scalar(x[i]), 1e-6f);
            }
        }

        private static void Forward<TLanes>(ReadOnlySpan<float> a, ReadOnlySpan<float> b, ReadOnlySpan<float> c, Span<float> y, Span<float> z)
            where TLanes : struct, ILanes<TLanes>
        {
            ActivationKernel.Lanes<TFunction, TLanes>(a, y);
            GatedActivationKernel.Lanes<TFunction, TLanes>(a, b, z);
        }

        private static void Backward<TLanes>(ReadOnlySpan<float> a, ReadOnlySpan<float> b, ReadOnlySpan<float> c, Span<float> y, Span<float> z)
            where TLanes : struct, ILanes<TLanes>
            => GatedActivationKernel.BackwardLanes<TFunction, TLanes>(a, b, c, y, addToA: false, z, addToB: true);

        private static void Slope<TLanes>(ReadOnlySpan<float> a, ReadOnlySpan<float> b, ReadOnlySpan<float> c, Span<float> y, Span<float> z)
            where TLanes : struct, ILanes<TLanes>
        {
            ActivationKernel.BackwardLanes<TFunction, TLanes>(a, c, y, accumulate: true);
            GatedActivationKernel.BackwardLanes<TFunction, TLanes>(a, b, c, default, addToA: false, z, addToB: false);
        }
    }
}
