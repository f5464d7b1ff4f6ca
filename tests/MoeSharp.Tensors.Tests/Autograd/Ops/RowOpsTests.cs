using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Tensors.Tests.Autograd.Ops;

/// <summary>Values and edges of the operations that move rows and columns, and of dropout.</summary>
public class RowOpsTests
{
    [Fact]
    public void The_first_gradient_of_an_embedding_zeroes_other_rows_and_later_ones_leave_them()
    {
        Tensor table = Inputs.Normal(new(6, 3), 1);
        table.NeedsGradient = true;
        table.GradientFor(out _).Fill(float.NaN);
        table.ClearGradient();
        Backward([1, 4, 1]);
        table.Gradient!.ToArray().ShouldBe([0, 0, 0, 2, 2, 2, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0]);
        table.Gradient.Row(5).Fill(7);
        Backward([4]);
        table.Gradient.ToArray().ShouldBe([0, 0, 0, 2, 2, 2, 0, 0, 0, 0, 0, 0, 2, 2, 2, 7, 7, 7]);

        void Backward(int[] ids)
        {
            using var scope = new TensorScope(record: true);
            Tensor y = EmbeddingOp.Apply(scope, table, Indices.From(ids));
            scope.Tape!.Backward(SumOp.Apply(y));
        }
    }

    [Fact]
    public void Rows_go_out_and_come_back_weighted()
    {
        using var scope = new TensorScope();
        Tensor x = scope.From([1, 2, 3, 4], new(2, 2));
        Tensor rows = GatherRowsOp.Apply(x, Indices.From([1, 0, -1]));
        rows.ToArray().ShouldBe([3, 4, 1, 2, 0, 0]);
        Tensor y = CombineRowsOp.Apply(rows, Indices.From([1, 0, -1, 0, -1, -1]), scope.From([10, 1, 5, 2, 1, 1], new(3, 2)));
        y.ToArray().ShouldBe([13, 24, 6, 8, 0, 0]);
    }

    [Fact]
    public void Columns_are_cut_and_joined_by_heads()
    {
        using var scope = new TensorScope();
        Tensor x = scope.From([1, 2, 3, 4, 5, 6], new(1, 6));
        SliceColumnsOp.Apply(x, 1, 2, groups: 2).ToArray().ShouldBe([2, 3, 5, 6]);
        ConcatOp.Apply(x, scope.From([7, 8], new(1, 2)), groups: 2).ToArray().ShouldBe([1, 2, 3, 7, 4, 5, 6, 8]);
        ConcatOp.Apply(x, scope.From([7, 8], new(1, 2)), groups: 2, shareB: true).ToArray().ShouldBe([1, 2, 3, 7, 8, 4, 5, 6, 7, 8]);
        GatherColumnsOp.Apply(x, Indices.From([5, -1, 0])).ToArray().ShouldBe([6, 0, 1]);
    }

    [Fact]
    public void Dropout_keeps_its_share_and_its_mean()
    {
        using var scope = new TensorScope();
        Tensor x = scope.New(new(100, 1000));
        x.Fill(1);
        float[] y = DropoutOp.Apply(x, 0.25f, new Rng(3), 0).ToArray();
        ((double)y.Count(value => value == 0) / y.Length).ShouldBe(0.25, 0.01);
        y.Average().ShouldBe(1, 0.01f);
        DropoutOp.Apply(x, 0.25f, new Rng(3), 0).ToArray().ShouldBe(y);
        DropoutOp.Apply(x, 0, new Rng(3), 0).ShouldBeSameAs(x);
        Should.Throw<ArgumentOutOfRangeException>(() => DropoutOp.Apply(x, 1, new Rng(3), 0)).Message
            .ShouldStartWith("dropout: the rate is 1. It must be at least 0 and less than 1.");
    }

    [Fact]
    public void Faults_carry_the_values()
    {
        using var scope = new TensorScope();
        Tensor x = scope.Zeros(new(2, 6));
        Message<ArgumentOutOfRangeException>(() => GatherRowsOp.Apply(x, Indices.From([0, 2])))
            .ShouldStartWith("gather rows: number 2 at place 1 is not a row. Rows go from 0 to 1; −1 means none.");
        Message<ArgumentOutOfRangeException>(() => EmbeddingOp.Apply(scope, x, Indices.From([-1])))
            .ShouldStartWith("embedding: number -1 at place 0 is not a row. Rows go from 0 to 1.");
        Message<TensorShapeException>(() => RmsNormOp.Apply(x, Tensor.Zeros(new(4)), 1e-5f))
            .ShouldBe("rms norm: got a weight of 4 elements for [2, 6]. Its length must divide the last dimension.");
        Message<TensorShapeException>(() => RowScaleOp.Apply(x, scope.Zeros(new(3))))
            .ShouldBe("row scale: got weights [3] for [2, 6]. There must be one a row.");
        Message<TensorShapeException>(() => RopeOp.Apply(x, Indices.From([0, 1]), new RopeTable([1f, 1f]), 3))
            .ShouldBe("rope: the rotary size 4 from column 0 on does not fit a head of 3.");
        Message<InvalidOperationException>(() => ActivationOp.Apply(Tensor.Zeros(new(2)), Activation.Relu))
            .ShouldStartWith("activation: the input [2] stands free.");
    }

    private static string Message<TException>(Action action)
        where TException : Exception => Should.Throw<TException>(action).Message;
}
