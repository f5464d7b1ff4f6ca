using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Tensors.Tests.Autograd.Ops;

/// <summary>What holds for all pointwise operations together: the same bits at any thread count, nothing allocated without a tape.</summary>
public class PointwiseLawTests
{
    private const int Rows = 300;
    private const int Size = 64;

    [Fact]
    public void Values_and_gradients_have_the_same_bits_at_any_thread_count()
    {
        float[][] one = Step(threads: 1);
        foreach (int threads in new[] { 2, 3, 4 })
        {
            float[][] many = Step(threads);
            for (int i = 0; i < one.Length; i++)
            {
                Kernels.KernelRig.ShouldHaveTheSameBits(many[i], one[i], $"{threads} threads, result {i}");
            }
        }
    }

    [Fact]
    public void Without_a_tape_nothing_is_allocated()
    {
        using var workers = new Workers(1);
        using var scope = new TensorScope(workers: workers);
        Tensor[] parameters = Parameters();
        int[] targets = Targets();
        var table = new RopeTable(new RopeOptions { RotarySize = 8 });
        for (int i = 0; i < 3; i++)
        {
            Forward(scope, parameters, targets, table);
            scope.Reset();
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        Forward(scope, parameters, targets, table);
        scope.Reset();
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
    }

    private static float[][] Step(int threads)
    {
        using var workers = new Workers(threads);
        using var scope = new TensorScope(workers: workers, record: true);
        Tensor[] parameters = Parameters();
        foreach (Tensor parameter in parameters)
        {
            parameter.NeedsGradient = true;
        }

        Tensor loss = Forward(scope, parameters, Targets(), new RopeTable(new RopeOptions { RotarySize = 8 }));
        scope.Tape!.Backward(loss);
        return [loss.ToArray(), .. parameters.Select(parameter => parameter.Gradient!.ToArray())];
    }

    private static Tensor[] Parameters() =>
    [
        Inputs.Normal(new(97, Size), 1), Inputs.Normal(new(Size), 2), Inputs.Normal(new(Size), 3), Inputs.Normal(new(Size), 4),
        Inputs.Normal(new(Size), 5), Inputs.Normal(new(97, Size), 6),
    ];

    private static int[] Targets()
    {
        int[] targets = new int[Rows];
        for (int i = 0; i < Rows; i++)
        {
            targets[i] = (i % 13) - 1;
        }

        return targets;
    }

    /// <summary>A bit of everything, in one chain from a table to a loss.</summary>
    private static Tensor Forward(TensorScope scope, Tensor[] parameters, int[] targets, RopeTable table)
    {
        Indices ids = scope.NewIndices(Rows), positions = scope.NewIndices(Rows), order = scope.NewIndices(2 * Rows);
        Indices back = scope.NewIndices(2 * Rows);
        for (int i = 0; i < Rows; i++)
        {
            ids[i] = i * 31 % 97;
            positions[i] = i % 50;
        }

        for (int i = 0; i < 2 * Rows; i++)
        {
            order[i] = i * 7 % Rows;
            back[i] = i % 11 == 0 ? -1 : i * 13 % (2 * Rows);
        }

        Tensor x = EmbeddingOp.Apply(scope, parameters[0], ids, 2);
        Tensor other = EmbeddingOp.Apply(scope, parameters[5], ids);
        Tensor h = RmsNormOp.Apply(x, parameters[1], 1e-5f);
        h = RopeOp.Apply(h, positions, table, 16, start: 4);
        Tensor scores = SoftmaxOp.Apply(SliceColumnsOp.Apply(h, 3, 2));
        Tensor weights = NormalizeRowsOp.Apply(scores, 1e-6f);
        Tensor rows = GatherRowsOp.Apply(LayerNormOp.Apply(h, parameters[2], parameters[3], 1e-5f), order);
        Tensor gated = GatedActivationOp.Apply(rows, ActivationOp.Apply(rows, Activation.Gelu), Activation.Silu);
        Tensor combined = CombineRowsOp.Apply(gated, back, weights);
        Tensor y = AddOp.Apply(AddOp.Apply(x, combined), MultiplyOp.Apply(other, ScaleOp.Apply(h, 0.5f)));
        Tensor logits = AddRowOp.Apply(y, parameters[4]);
        Tensor auxiliary = MeanOp.Apply(LogSumExpOp.Apply(y));
        return AddOp.Apply(CrossEntropyOp.Apply(logits, targets, 0.1f, 1e-3f), ScaleOp.Apply(auxiliary, 0.1f));
    }
}
