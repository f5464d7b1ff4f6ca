using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Tensors.Tests.Autograd.Ops;

public class ClampOpTests
{
    [Fact]
    public void Numbers_are_limited_and_limits_included()
    {
        Tensor x = Tensor.From([-2, -1, 0.5f, 1, 3], new(5));
        x.NeedsGradient = true;
        using var scope = new TensorScope(record: true);
        Tensor y = ClampOp.Apply(AddOp.Apply(scope.Zeros(new(5)), x), -1, 1);
        y.ToArray().ShouldBe([-1f, -1, 0.5f, 1, 1]);
        scope.Tape!.Backward(y, Tensor.From([1, 10, 100, 1000, 10000], new(5)));
        x.Gradient!.ToArray().ShouldBe([0f, 10, 100, 1000, 0]);
    }

    [Fact]
    public void The_gradient_is_that_of_the_values()
    {
        Tensor x = Tensor.Zeros(new(4, 9));
        new Rng(1).FillNormal(x.Span, 1);
        GradientCheck.Run(scope => ClampOp.Apply(AddOp.Apply(scope.Zeros(x.Shape), x), -0.7f, 0.9f), [x]);
    }

    [Fact]
    public void A_second_use_adds_to_the_gradient()
    {
        Tensor x = Tensor.From([0.5f], new(1));
        x.NeedsGradient = true;
        using var scope = new TensorScope(record: true);
        Tensor input = AddOp.Apply(scope.Zeros(new(1)), x);
        scope.Tape!.Backward(AddOp.Apply(ClampOp.Apply(input, 0, 1), ClampOp.Apply(input, 0, 1)), Tensor.From([3], new(1)));
        x.Gradient!.ToArray().ShouldBe([6f]);
    }

    [Fact]
    public void An_empty_range_is_refused()
    {
        using var scope = new TensorScope();
        Should.Throw<ArgumentException>(() => ClampOp.Apply(scope.Zeros(new(2)), 1, -1)).Message
            .ShouldStartWith("clamp: the range 1 to -1 is empty.");
    }
}
