using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Tensors.Tests.Autograd.Ops;

public class CrossEntropyOpTests
{
    [Fact]
    public void Logits_become_their_gradient_when_recorded_and_stay_otherwise()
    {
        Tensor x = Inputs.Normal(new(4, 9), 1);
        x.NeedsGradient = true;
        using var plain = new TensorScope();
        Tensor untouched = plain.From(x.Span, x.Shape);
        float loss = CrossEntropyOp.Apply(untouched, [1, -1, 8, 0]).ToScalar();
        untouched.ToArray().ShouldBe(x.ToArray());

        using var scope = new TensorScope(record: true);
        Tensor logits = x.In(scope);
        Tensor recorded = CrossEntropyOp.Apply(logits, [1, -1, 8, 0]);
        recorded.ToScalar().ShouldBe(loss, 1e-6f);
        logits.Row(1).ToArray().ShouldAllBe(value => value == 0);
        logits.Row(0).ToArray().Sum().ShouldBe(0, 1e-6f);
        float[] gradient = logits.ToArray();
        scope.Tape!.Backward(recorded, 2f);
        x.Gradient!.ToArray().ShouldBe([.. gradient.Select(value => 2 * value)]);
    }

    [Fact]
    public void No_counted_row_gives_zero_and_no_gradient()
    {
        Tensor x = Inputs.Normal(new(2, 5), 1);
        x.NeedsGradient = true;
        using var scope = new TensorScope(record: true);
        Tensor loss = CrossEntropyOp.Apply(x.In(scope), [-1, -1]);
        loss.ToScalar().ShouldBe(0);
        scope.Tape!.Backward(loss);
        x.Gradient!.ToArray().ShouldAllBe(value => value == 0);
    }

    [Fact]
    public void Evaluation_gives_nats_for_each_counted_row()
    {
        Tensor x = Tensor.Zeros(new(3, 4));
        double[] nats = new double[3];
        double sum = CrossEntropyOp.Evaluate(x, [0, -1, 3], nats);
        nats[0].ShouldBe(Math.Log(4), 1e-6);
        nats[1].ShouldBe(double.NaN);
        sum.ShouldBe(2 * Math.Log(4), 1e-6);
    }

    [Fact]
    public void Faults_carry_the_values()
    {
        using var scope = new TensorScope();
        Tensor x = scope.Zeros(new(2, 5));
        Should.Throw<TensorShapeException>(() => CrossEntropyOp.Apply(x, [1])).Message
            .ShouldBe("cross-entropy: got 1 targets for logits [2, 5]. There must be one a row.");
        Should.Throw<ArgumentOutOfRangeException>(() => CrossEntropyOp.Apply(x, [1, 5])).Message
            .ShouldStartWith("cross-entropy: the target 5 of row 1 is not a class. Classes go from 0 to 4; −1 is ignored.");
    }
}
