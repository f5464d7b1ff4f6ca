using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Tensors.Tests.Autograd.Ops;

/// <summary>Every operation against central differences; each input is also used twice, so that its gradient is added to.</summary>
public class GradientTests
{
    private static readonly TensorShape s_shape = new(5, 19);

    public static TheoryData<Activation> Activations => [.. Enum.GetValues<Activation>()];

    public static TheoryData<ElementLoss> ElementLosses => [.. Enum.GetValues<ElementLoss>()];

    [Fact]
    public void Multiply_has_its_gradient() => Check2(MultiplyOp.Apply, s_shape, s_shape);

    [Fact]
    public void Subtract_has_its_gradient() => Check2(SubtractOp.Apply, s_shape, s_shape);

    [Fact]
    public void Scale_has_its_gradient() => Check1(x => ScaleOp.Apply(x, -2.5f));

    [Fact]
    public void Row_scale_has_its_gradient() => Check2(RowScaleOp.Apply, s_shape, new(5, 1));

    [Fact]
    public void Add_row_has_its_gradient() => Check2(AddRowOp.Apply, s_shape, new(19));

    [Theory]
    [MemberData(nameof(Activations))]
    public void Activations_have_their_gradient(Activation activation) => Check1(x => ActivationOp.Apply(x, activation));

    [Theory]
    [MemberData(nameof(Activations))]
    public void Gated_activations_have_their_gradient(Activation activation) =>
        Check2((a, b) => GatedActivationOp.Apply(a, b, activation), s_shape, s_shape);

    [Fact]
    public void Stacked_linear_has_its_gradient()
    {
        Check2((x, w) => StackedLinearOp.Apply(x, w), s_shape, new(3, 4, 19));
        Check2((x, w) => StackedLinearOp.Apply(x, w, isAcross: true), s_shape, new(3, 19, 4));
    }

    [Fact]
    public void Softmax_has_its_gradient() => Check1(SoftmaxOp.Apply);

    [Fact]
    public void Log_softmax_has_its_gradient() => Check1(LogSoftmaxOp.Apply);

    [Fact]
    public void Kl_divergence_has_its_gradient()
    {
        using var scope = new TensorScope();
        Tensor targets = Tensor.From(SoftmaxOp.Apply(Inputs.Normal(s_shape, 4).In(scope)).ToArray(), s_shape);
        Check1(x => KlDivergenceOp.Apply(x, targets));
    }

    [Theory]
    [MemberData(nameof(ElementLosses))]
    public void Element_losses_have_their_gradient_on_both_sides_of_their_kink(ElementLoss loss)
    {
        const float kink = 2;
        Tensor x = Inputs.Normal(s_shape, 1), near = Inputs.Positive(s_shape, 2), far = Tensor.Zeros(s_shape);
        AddOp.Apply(near.In(new TensorScope()), x).ToArray().CopyTo(near.Span); // at most 1.5 above x
        far.Fill(8);
        foreach (Tensor targets in new[] { near, far })
        {
            GradientCheck.Run(scope => ElementLossOp.Apply(x.In(scope), targets, loss, kink), [x]);
        }
    }

    [Fact]
    public void Clamped_swiglu_has_its_gradient_inside_and_beyond_the_clamp()
    {
        Check2((gate, up) => ClampedSwiGluOp.Apply(gate, up), s_shape, s_shape);
        Tensor first = Inputs.AwayFromZero(s_shape, 1), second = Inputs.AwayFromZero(s_shape, 2); // at least 0.1 from zero
        GradientCheck.Run(scope => ClampedSwiGluOp.Apply(first.In(scope), second.In(scope), limit: 0.05f), [first, second]);
    }

    [Fact]
    public void Log_sum_exp_has_its_gradient() => Check1(LogSumExpOp.Apply);

    [Fact]
    public void Sums_have_their_gradient()
    {
        Check1(x => SumOp.Apply(x, 0.5f));
        Check1(MeanOp.Apply);
        Tensor weights = Inputs.Normal(s_shape, 9);
        Check1(x => WeightedSumOp.Apply(x, weights));
        Check1(x => WeightedSumOp.Apply(x, weights.Span));
    }

    [Theory]
    [InlineData(19)]
    [InlineData(1)]
    public void Rms_norm_has_its_gradient(int heads)
    {
        Check2((x, w) => RmsNormOp.Apply(x, w, 1e-5f), new(5, 19 * heads), new(19));
        Check1(x => RmsNormOp.Apply(x, null, 1e-5f));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(1)]
    public void Layer_norm_has_its_gradient(int heads)
    {
        Tensor x = Inputs.Normal(new(5, 19 * heads), 1), w = Inputs.Normal(new(19), 2), b = Inputs.Normal(new(19), 3);
        GradientCheck.Run(scope => Twice(scope, [x, w, b], v => LayerNormOp.Apply(v[0], v[1], v[2], 1e-5f)), [x, w, b]);
        Check2((value, weight) => LayerNormOp.Apply(value, weight, null, 1e-5f), s_shape, new(19));
        Check1(value => LayerNormOp.Apply(value, null, null, 1e-5f));
    }

    [Fact]
    public void Gather_rows_has_its_gradient() =>
        Check1(x => GatherRowsOp.Apply(x, Indices.From([4, 0, 0, -1, 2, 4, 4])));

    [Fact]
    public void Embedding_has_its_gradient()
    {
        Tensor table = Inputs.Normal(new(11, 7), 1);
        Indices ids = Indices.From([3, 10, 3, 0, 3]), others = Indices.From([2, 10]);
        GradientCheck.Run(scope => EmbeddingOp.Apply(scope, table, ids, 1.5f), [table]);
        GradientCheck.Run(
            scope => AddOp.Apply(
                SumOp.Apply(EmbeddingOp.Apply(scope, table, ids)),
                SumOp.Apply(EmbeddingOp.Apply(scope, table, others))),
            [table]);
    }

    [Fact]
    public void Combine_rows_has_its_gradient()
    {
        Indices rows = Indices.From([0, 3, -1, 5, 2, 1, 3, -1]); // row 3 serves two choices, row 4 none
        Check2((y, w) => CombineRowsOp.Apply(y, rows, w), new(6, 19), new(4, 2));
    }

    [Fact]
    public void Gather_columns_has_its_gradient() =>
        Check1(x => GatherColumnsOp.Apply(x, Indices.From([0, 3, 18, -1, 5, 5, 1, 2, 7, 6])));

    [Theory]
    [InlineData(RowNorm.SumPlusEpsilon, 1e-3f)]
    [InlineData(RowNorm.SumAtLeastEpsilon, 1e-3f)]
    [InlineData(RowNorm.SumAtLeastEpsilon, 1e3f)]
    [InlineData(RowNorm.AbsoluteSum, 1e-3f)]
    [InlineData(RowNorm.Euclidean, 1e-3f)]
    public void Normalize_rows_has_its_gradient(RowNorm mode, float epsilon)
    {
        Tensor w = Inputs.Positive(new(6, 5), 1);
        GradientCheck.Run(scope => Twice(scope, [w], v => NormalizeRowsOp.Apply(v[0], epsilon, mode)), [w]);
    }

    [Theory]
    [InlineData(RopeLayout.HalfSplit, 0)]
    [InlineData(RopeLayout.HalfSplit, 3)]
    [InlineData(RopeLayout.Interleaved, 1)]
    [InlineData(RopeLayout.InterleavedToHalves, 2)]
    public void Rope_has_its_gradient(RopeLayout layout, int start)
    {
        var table = new RopeTable([1f, 0.3f, 0.1f, 0.02f], 1.3f, layout);
        Tensor x = Inputs.Normal(new(4, 3 * 13), 1);
        Indices positions = Indices.From([0, 1, 7, 300]);
        GradientCheck.Run(scope => Twice(scope, [x], v => RopeOp.Apply(v[0], positions, table, 13, start)), [x]);
    }

    [Fact]
    public void Dropout_has_its_gradient() => Check1(x => DropoutOp.Apply(x, 0.4f, new Rng(5), 17));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Concat_has_its_gradient(bool share) =>
        Check2((a, b) => ConcatOp.Apply(a, b, groups: 3, shareB: share), new(4, 12), new(4, 6));

    [Fact]
    public void Slice_columns_has_its_gradient() => Check1(x => SliceColumnsOp.Apply(x, 3, 9));

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0.1f, 0)]
    [InlineData(0.2f, 0.05f)]
    public void Cross_entropy_has_its_gradient(float smoothing, float zLoss)
    {
        Tensor x = Inputs.Normal(s_shape, 1);
        int[] targets = [3, -1, 0, 18, 3];
        GradientCheck.Run(scope => CrossEntropyOp.Apply(x.In(scope), targets, smoothing, zLoss), [x]);
        GradientCheck.Run(scope => ScaleOp.Apply(CrossEntropyOp.Apply(x.In(scope), targets, smoothing, zLoss), 3), [x]);
    }

    private static void Check1(Func<Tensor, Tensor> apply)
    {
        Tensor x = Inputs.AwayFromZero(s_shape, 1);
        GradientCheck.Run(scope => apply(x.In(scope)), [x]);
        GradientCheck.Run(scope => Twice(scope, [x], values => apply(values[0])), [x]);
    }

    private static void Check2(Func<Tensor, Tensor, Tensor> apply, TensorShape first, TensorShape second)
    {
        Tensor a = Inputs.AwayFromZero(first, 1), b = Inputs.AwayFromZero(second, 2);
        GradientCheck.Run(scope => apply(a.In(scope), b.In(scope)), [a, b]);
        GradientCheck.Run(scope => Twice(scope, [a, b], values => apply(values[0], values[1])), [a, b]);
    }

    /// <summary>f(v) + 2·f(v) on the same tensors: the second use adds to the gradients of the first.</summary>
    private static Tensor Twice(TensorScope scope, Tensor[] inputs, Func<Tensor[], Tensor> apply)
    {
        Tensor[] values = [.. inputs.Select(input => input.In(scope))];
        return AddOp.Apply(apply(values), ScaleOp.Apply(apply(values), 2));
    }
}
