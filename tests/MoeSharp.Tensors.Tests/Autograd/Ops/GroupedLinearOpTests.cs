using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Tensors.Tests.Autograd.Ops;

public class GroupedLinearOpTests
{
    private const int Experts = 5, Outputs = 7, Inputs = 6;
    private static readonly int[] s_offsets = [0, 3, 3, 4, 11, 11];

    [Fact]
    public void Gradients_agree_with_differences()
    {
        // for the rows of e: dx = dy·W[e], dW[e] = dyᵀ·x, db[e] = Σ rows of dy.
        Tensor x = LinearOpTests.Normal(1, new(11, Inputs));
        Tensor weight = LinearOpTests.Normal(2, new(Experts, Outputs, Inputs)), bias = LinearOpTests.Normal(3, new(Experts, Outputs));
        GradientCheck.Run(
            scope => GroupedLinearOp.Apply(LinearOpTests.MultiplyByOne(scope, x), weight, Indices.From(s_offsets), bias),
            [x, weight, bias]);
    }

    [Fact]
    public void Each_segment_is_the_linear_layer_of_its_expert()
    {
        Tensor x = LinearOpTests.Normal(1, new(11, Inputs));
        Tensor weight = LinearOpTests.Normal(2, new(Experts, Outputs, Inputs)), bias = LinearOpTests.Normal(3, new(Experts, Outputs));
        using var scope = new TensorScope();
        Tensor y = GroupedLinearOp.Apply(scope.From(x.Span, x.Shape), weight, Indices.From(s_offsets), bias);
        for (int e = 0; e < Experts; e++)
        {
            int start = s_offsets[e], rows = s_offsets[e + 1] - start;
            Tensor alone = LinearOp.Apply(
                scope.From(x.Span.Slice(start * Inputs, rows * Inputs), new(rows, Inputs)),
                weight.Slice(e),
                Tensor.From(bias.Row(e), new(Outputs)));
            y.Span.Slice(start * Outputs, rows * Outputs).ToArray().ShouldBe(alone.ToArray());
        }
    }

    [Fact]
    public void An_expert_without_rows_gets_a_gradient_of_zeros()
    {
        Tensor weight = LinearOpTests.Normal(2, new(Experts, Outputs, Inputs));
        weight.NeedsGradient = true;
        weight.GradientFor(out _).Fill(float.NaN);
        weight.ClearGradient();
        using var scope = new TensorScope(record: true);
        Tensor y = GroupedLinearOp.Apply(
            scope.From(LinearOpTests.Normal(1, new(11, Inputs)).Span, new(11, Inputs)), weight, Indices.From(s_offsets));
        scope.Tape!.Backward(y, LinearOpTests.Normal(4, y.Shape));
        weight.Gradient!.Slice(1).ToArray().ShouldAllBe(value => value == 0);
        weight.Gradient!.Slice(4).ToArray().ShouldAllBe(value => value == 0);
        weight.Gradient!.ToArray().ShouldAllBe(value => float.IsFinite(value));
    }

    [Theory]
    [InlineData(new[] { 0, 3, 3, 4, 11 }, "grouped linear: got 5 offsets for 5 experts. There must be 6.")]
    [InlineData(new[] { 0, 3, 3, 4, 5, 10 }, "grouped linear: the offsets go from 0 to 10. They must go from 0 to the count of rows, 11.")]
    [InlineData(new[] { 0, 3, 2, 4, 5, 11 }, "grouped linear: offset 2 is 2, less than 3 before it. Offsets must not fall.")]
    public void Offsets_that_do_not_fit_are_refused(int[] offsets, string message)
    {
        using var scope = new TensorScope();
        Should.Throw<TensorShapeException>(() => GroupedLinearOp.Apply(
            scope.Zeros(new(11, Inputs)), Tensor.Zeros(new(Experts, Outputs, Inputs)), Indices.From(offsets))).Message.ShouldBe(message);
    }
}
