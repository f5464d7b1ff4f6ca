using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Tensors.Tests.Autograd.Ops;

public class LinearOpTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(5, 7, 3)]
    [InlineData(17, 33, 65)]
    public void Gradients_agree_with_differences(int rows, int outputs, int inputs)
    {
        // y = x·Wᵀ + b: dx = dy·W, dW = dyᵀ·x, db = Σ rows of dy.
        Tensor x = Normal(1, new(rows, inputs)), weight = Normal(2, new(outputs, inputs)), bias = Normal(3, new(outputs));
        GradientCheck.Run(scope => LinearOp.Apply(MultiplyByOne(scope, x), weight, bias), [x, weight, bias]);
    }

    [Fact]
    public void A_small_product_is_right()
    {
        using var scope = new TensorScope();
        Tensor x = scope.From([1, 2, 3, 4], new(2, 2));
        Tensor y = LinearOp.Apply(x, Tensor.From([1, 0, 0, 1, 1, 1], new(3, 2)), Tensor.From([10, 20, 30], new(3)));
        y.ToArray().ShouldBe([11f, 22f, 33f, 13f, 24f, 37f]);
    }

    [Fact]
    public void A_weight_used_twice_gets_the_sum_of_both_gradients()
    {
        Tensor weight = Normal(2, new(6, 6)), bias = Normal(3, new(6)), x = Normal(1, new(4, 6));
        GradientCheck.Run(
            scope => LinearOp.Apply(LinearOp.Apply(MultiplyByOne(scope, x), weight, bias), weight, bias), [x, weight, bias]);
    }

    [Fact]
    public void Leading_dimensions_are_kept()
    {
        using var scope = new TensorScope();
        LinearOp.Apply(scope.Zeros(new(2, 3, 4)), Tensor.Zeros(new(5, 4))).Shape.ShouldBe(new TensorShape(2, 3, 5));
    }

    [Fact]
    public void A_weight_of_other_inputs_is_refused()
    {
        using var scope = new TensorScope();
        Should.Throw<TensorShapeException>(() => LinearOp.Apply(scope.Zeros(new(2, 4)), Tensor.Zeros(new(5, 3)))).Message.ShouldBe(
            "linear: got x [2, 4] and a weight [5, 3]. The weight must be [outputs, inputs], its inputs the last dimension of x.");
    }

    [Fact]
    public void Nothing_is_allocated_when_nothing_is_recorded()
    {
        Tensor weight = Normal(2, new(64, 32)), bias = Normal(3, new(64));
        using var scope = new TensorScope();
        Tensor x = scope.From(Normal(1, new(3, 32)).Span, new(3, 32));
        for (int i = 0; i < 50; i++)
        {
            scope.Release(LinearOp.Apply(x, weight, bias));
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 50; i++)
        {
            scope.Release(LinearOp.Apply(x, weight, bias));
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
    }

    internal static Tensor Normal(ulong seed, TensorShape shape)
    {
        Tensor tensor = Tensor.Zeros(shape);
        new Rng(seed).FillNormal(tensor.Span, 1);
        return tensor;
    }

    /// <summary>Brings a free tensor into the scope in a way that gradients flow back.</summary>
    internal static Tensor MultiplyByOne(TensorScope scope, Tensor free) => AddOp.Apply(scope.Zeros(free.Shape), free);
}
