using MoeSharp.Experts;
using MoeSharp.Experts.Banks;
using MoeSharp.Experts.Mixtures;
using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Tests.Experts.Mixtures;

public class MixtureLossTests
{
    [Theory]
    [InlineData(MixtureLossKind.Cooperative)]
    [InlineData(MixtureLossKind.Competitive)]
    [InlineData(MixtureLossKind.NegativeLogLikelihood)]
    public void Gradients_agree_with_differences(MixtureLossKind kind)
    {
        (Tensor logits, Tensor outputs, Tensor target) = Example();
        GradientCheck.Run(
            scope => MixtureLoss.Apply(
                kind, SoftmaxOp.Apply(AddOp.Apply(scope.Zeros(logits.Shape), logits)), AddOp.Apply(scope.Zeros(outputs.Shape), outputs), target, 0.7f),
            [logits, outputs],
            step: 1e-3f,
            tolerance: 2e-2);
    }

    [Fact]
    public void The_router_gets_prior_minus_posterior()
    {
        (Tensor logits, Tensor outputs, Tensor target) = Example();
        using var scope = new TensorScope(record: true);
        logits.NeedsGradient = true;
        Tensor p = SoftmaxOp.Apply(AddOp.Apply(scope.Zeros(logits.Shape), logits)).Keep();
        scope.Tape!.Backward(MixtureLoss.Apply(MixtureLossKind.NegativeLogLikelihood, p, AddOp.Apply(scope.Zeros(outputs.Shape), outputs), target));
        for (int t = 0; t < 4; t++)
        {
            double[] posterior = [.. Enumerable.Range(0, 3).Select(e => p.Row(t)[e] * Math.Exp(-0.5 * Square(outputs.Row((t * 3) + e), target.Row(t))))];
            for (int e = 0; e < 3; e++)
            {
                ((double)logits.Gradient!.Row(t)[e] * 4).ShouldBe(p.Row(t)[e] - (posterior[e] / posterior.Sum()), 1e-5);
            }
        }
    }

    [Fact]
    public void A_perfect_expert_chosen_alone_has_no_error()
    {
        using var scope = new TensorScope();
        Tensor p = scope.From([1, 0], new(1, 2)), target = Tensor.From([1, 2], new(1, 2));
        Tensor outputs = scope.From([1, 2, 9, 9], new(2, 2));
        foreach (MixtureLossKind kind in Enum.GetValues<MixtureLossKind>())
        {
            MixtureLoss.Apply(kind, p, outputs, target).ToScalar().ShouldBe(0, 1e-6f);
        }
    }

    [Fact]
    public void Experts_of_a_dense_layer_specialise_under_the_likelihood()
    {
        // Two clusters with opposite targets; plain gradient descent on a Jacobs layer of two experts.
        var layer = new MoeLayer(3, ExpertBank.Gelu(2, 8, hasBias: true), Router.Jacobs());
        MoeLayerGradientTests.Scatter(layer.Parameters);
        float[] x = new float[40 * 3], wanted = new float[40 * 3];
        new Rng(4).FillNormal(x, 0.3f);
        for (int t = 0; t < 40; t++)
        {
            x[t * 3] += t % 2 == 0 ? 2 : -2;
            wanted[t * 3] = t % 2 == 0 ? 1 : -1;
        }

        float first = 0, last = 0, certain = 0;
        for (int step = 0; step < 300; step++)
        {
            using var scope = new TensorScope(record: true);
            Tensor outputs = layer.ForwardEach(scope.From(x, new(40, 3)), out RoutingDecision decision);
            Tensor loss = MixtureLoss.Apply(
                MixtureLossKind.NegativeLogLikelihood, decision.Weights, outputs, Tensor.From(wanted, new(40, 3)), variance: 0.05f);
            (first, last) = (step == 0 ? loss.ToScalar() : first, loss.ToScalar());
            certain = Enumerable.Range(0, 40).Average(t => decision.Weights.Row(t).ToArray().Max());
            scope.Tape!.Backward(loss);
            foreach (Parameter parameter in layer.Parameters)
            {
                Span<float> value = parameter.Value.Span;
                ReadOnlySpan<float> gradient = parameter.Gradient!.Span;
                for (int i = 0; i < value.Length; i++)
                {
                    value[i] -= 0.01f * gradient[i];
                }

                parameter.ClearGradient();
            }
        }

        last.ShouldBeLessThan(first / 10);
        certain.ShouldBeGreaterThan(0.9f);
    }

    private static double Square(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
        {
            sum += (a[i] - b[i]) * (double)(a[i] - b[i]);
        }

        return sum;
    }

    private static (Tensor Logits, Tensor Outputs, Tensor Target) Example()
    {
        Tensor logits = Tensor.Zeros(new(4, 3)), outputs = Tensor.Zeros(new(12, 2)), target = Tensor.Zeros(new(4, 2));
        new Rng(1).FillNormal(logits.Span, 1);
        new Rng(2).FillNormal(outputs.Span, 1);
        new Rng(3).FillNormal(target.Span, 1);
        return (logits, outputs, target);
    }
}
