using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Tensors.Tests.Autograd.Ops;

public class AddOpTests
{
    [Fact]
    public void Both_inputs_get_the_gradient()
    {
        Tensor a = Tensor.Zeros(new(3, 5)), b = Tensor.Zeros(new(3, 5));
        new Rng(1).FillNormal(a.Span, 1);
        new Rng(2).FillNormal(b.Span, 1);
        GradientCheck.Run(scope => AddOp.Apply(scope.From(a.Span, a.Shape), b), [b]);
    }

    [Fact]
    public void A_second_use_adds_to_the_gradient()
    {
        Tensor a = Tensor.From([1, 2, 3], new(3));
        a.NeedsGradient = true;
        using var scope = new TensorScope(record: true);
        Tensor y = AddOp.Apply(AddOp.Apply(scope.From([0, 0, 0], new(3)), a), a);
        scope.Tape!.Backward(y, Tensor.From([1, 10, 100], new(3)));
        a.Gradient!.ToArray().ShouldBe([2f, 20f, 200f]);
    }
}
