using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Tensors.Tests.Autograd.Ops;

public class MatMulOpTests
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Gradients_agree_with_differences(bool transposeA, bool transposeB)
    {
        // y = op(a)·op(b): d op(a) = dy·op(b)ᵀ, d op(b) = op(a)ᵀ·dy.
        Tensor a = LinearOpTests.Normal(1, transposeA ? new(9, 5) : new(5, 9));
        Tensor b = LinearOpTests.Normal(2, transposeB ? new(7, 9) : new(9, 7));
        GradientCheck.Run(
            scope => MatMulOp.Apply(
                LinearOpTests.MultiplyByOne(scope, a), LinearOpTests.MultiplyByOne(scope, b), transposeA, transposeB),
            [a, b]);
    }

    [Fact]
    public void Transposing_is_what_the_options_say()
    {
        using var scope = new TensorScope();
        Tensor a = scope.From([1, 2, 3, 4, 5, 6], new(2, 3)), b = scope.From([1, 0, 2, 1, 0, 1], new(3, 2));
        float[] expected = [5, 5, 14, 11];
        MatMulOp.Apply(a, b).ToArray().ShouldBe(expected);
        Tensor at = scope.From([1, 4, 2, 5, 3, 6], new(3, 2)), bt = scope.From([1, 2, 0, 0, 1, 1], new(2, 3));
        MatMulOp.Apply(at, b, transposeA: true).ToArray().ShouldBe(expected);
        MatMulOp.Apply(a, bt, transposeB: true).ToArray().ShouldBe(expected);
        MatMulOp.Apply(at, bt, true, true).ToArray().ShouldBe(expected);
    }

    [Fact]
    public void Inner_sizes_that_differ_are_refused()
    {
        using var scope = new TensorScope();
        Should.Throw<TensorShapeException>(() => MatMulOp.Apply(scope.Zeros(new(2, 4)), scope.Zeros(new(5, 3)), transposeB: true)).Message
            .ShouldBe("matmul: inner sizes differ, got a [2, 4] and b [5, 3] transposed. 4 and 3 must be equal.");
    }
}
