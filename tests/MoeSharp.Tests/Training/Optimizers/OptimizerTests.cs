using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Training.Clipping;
using MoeSharp.Training.Optimizers;

namespace MoeSharp.Tests.Training.Optimizers;

public sealed class OptimizerTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Step_and_norm_give_the_same_bits_at_any_thread_count(int threads)
    {
        (float[] reference, double referenceNorm) = Train(threads: 1);
        (float[] values, double norm) = Train(threads);

        values.ShouldBe(reference);
        norm.ShouldBe(referenceNorm);
    }

    [Fact]
    public void A_parameter_without_gradient_stands_still()
    {
        var moving = new Parameter("moving", Tensor.From([1f, 2f], new TensorShape(2)));
        var still = new Parameter("still", Tensor.From([1f, 2f], new TensorShape(2)));
        moving.Value.GradientFor(out _).Fill(1);
        var optimizer = new AdamW([moving, still], new WeightDecay(0.1, DecayRule.All));

        optimizer.Step(0.1);

        still.Value.ToArray().ShouldBe([1f, 2f]);
        optimizer.StepCount(0).ShouldBe(1);
        optimizer.StepCount(1).ShouldBe(0);
        moving.Value.Span[0].ShouldBeLessThan(0.95f);
    }

    [Fact]
    public void Two_parameters_of_one_name_are_refused() =>
        Should.Throw<ArgumentException>(() => new Sgd(
            [new Parameter("w", Tensor.Zeros(new TensorShape(2))), new Parameter("w", Tensor.Zeros(new TensorShape(2)))]))
            .Message.ShouldContain("'w'");

    [Fact]
    public void A_step_allocates_nothing()
    {
        using var workers = new Workers(2);
        var parameter = new Parameter("w", Tensor.Zeros(new TensorShape(1000, 100)));
        parameter.Value.GradientFor(out _).Fill(1);
        var optimizer = new AdamW([parameter], workers: workers);
        var norm = new GradientNorm([parameter], workers: workers);
        void Step() => optimizer.Step(1e-3, GradientNorm.Factor(norm.Compute(), 1));
        LeastAllocation.Of(Step, steps: 3, rounds: 1);
        LeastAllocation.Of(Step, steps: 1).ShouldBe(0);
    }

    private static (float[] Values, double Norm) Train(int threads)
    {
        using var workers = new Workers(threads);
        var rng = new Rng(7);
        Parameter[] parameters =
        [
            new("a.weight", Tensor.Uninitialized(new TensorShape(300, 701))),
            new("b.norm", Tensor.Uninitialized(new TensorShape(33))),
        ];
        foreach (Parameter parameter in parameters)
        {
            rng.FillNormal(parameter.Value.Span, 1);
        }

        var optimizer = new AdamW(parameters, WeightDecay.Standard(0.1), workers: workers);
        var norm = new GradientNorm(parameters, workers: workers);
        double last = 0;
        for (int step = 0; step < 3; step++)
        {
            optimizer.ClearGradients();
            foreach (Parameter parameter in parameters)
            {
                rng.FillNormal(parameter.Value.GradientFor(out _).Span, 1);
            }

            last = norm.Compute();
            optimizer.Step(1e-2, GradientNorm.Factor(last, 1));
        }

        return ([.. parameters.SelectMany(parameter => parameter.Value.ToArray())], last);
    }
}
