using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Tensors.Tests.Autograd.Ops;

public class AttentionOpTests
{
    public static TheoryData<string> Kinds => ["plain", "grouped", "window", "sinks", "cap", "full", "full window", "value size", "blocks", "blocks and window", "all"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Gradients_are_those_of_differences(string kind)
    {
        // Packed: three documents, one longer than a chunk of 64 keys.
        SequenceLayout layout = SequenceLayout.FromLengths([5, 70, 9]);
        AttentionOptions options = Options(kind);
        Tensor q = Random(1, layout.RowCount, options.HeadCount * options.HeadSize);
        Tensor k = Random(2, layout.RowCount, options.KeyValueHeadCount * options.HeadSize);
        Tensor v = Random(3, layout.RowCount, options.KeyValueHeadCount * options.ValueHeadSize);
        Tensor[] inputs = options.Sinks is { } sinks ? [q, k, v, sinks] : [q, k, v];
        GradientCheck.Run(
            scope => AttentionOp.Apply(AddOp.Apply(scope.Zeros(q.Shape), q), k, v, layout, options), inputs, step: 5e-2f);
    }

    [Fact]
    public void Frozen_inputs_get_no_gradient()
    {
        SequenceLayout layout = SequenceLayout.Uniform(1, 6);
        AttentionOptions options = Options("grouped");
        Tensor k = Random(2, 6, options.KeyValueHeadCount * options.HeadSize), v = Random(3, 6, options.KeyValueHeadCount * options.ValueHeadSize);
        v.NeedsGradient = true;
        using var scope = new TensorScope(record: true);
        Tensor q = scope.From(Random(1, 6, options.HeadCount * options.HeadSize).Span, new(6, options.HeadCount * options.HeadSize));
        Tensor y = AttentionOp.Apply(q, k, v, layout, options);
        scope.Tape!.Backward(y, Random(4, y.Rows, y.Columns));
        q.Gradient.ShouldBeNull();
        k.Gradient.ShouldBeNull();
        v.Gradient.ShouldNotBeNull();
    }

    [Fact]
    public void Gradients_add_to_what_is_there()
    {
        SequenceLayout layout = SequenceLayout.Uniform(2, 20);
        AttentionOptions options = Options("all");
        Tensor q = Random(1, 40, options.HeadCount * options.HeadSize), k = Random(2, 40, options.KeyValueHeadCount * options.HeadSize);
        Tensor v = Random(3, 40, options.KeyValueHeadCount * options.ValueHeadSize), r = Random(4, 40, options.HeadCount * options.ValueHeadSize);
        Tensor[] inputs = [q, k, v, options.Sinks!];
        var once = new List<float[]>();
        for (int pass = 0; pass < 2; pass++)
        {
            foreach (Tensor input in inputs)
            {
                input.NeedsGradient = true;
            }

            using var scope = new TensorScope(record: true);
            Tensor y = AttentionOp.Apply(AddOp.Apply(scope.Zeros(q.Shape), q), k, v, layout, options);
            scope.Tape!.Backward(y, r);
            if (pass == 0)
            {
                once.AddRange(inputs.Select(input => input.Gradient!.ToArray()));
            }
        }

        for (int i = 0; i < inputs.Length; i++)
        {
            float scale = once[i].Max(MathF.Abs);
            for (int j = 0; j < once[i].Length; j++)
            {
                inputs[i].Gradient!.Span[j].ShouldBe(2 * once[i][j], 1e-5f * scale);
            }
        }
    }

    [Fact]
    public void Wrong_sizes_are_told()
    {
        AttentionOptions options = Options("grouped");
        using var scope = new TensorScope();
        Tensor q = scope.Zeros(new(4, options.HeadCount * options.HeadSize)), k = scope.Zeros(new(4, options.KeyValueHeadCount * options.HeadSize));
        Should.Throw<TensorShapeException>(() => AttentionOp.Apply(q, k, k, SequenceLayout.Uniform(1, 5), options))
            .Message.ShouldBe("attention: got 4 queries, 4 keys and 4 values. The layout has 5 rows.");
        Should.Throw<TensorShapeException>(() => AttentionOp.Apply(k, k, k, SequenceLayout.Uniform(1, 4), options))
            .Message.ShouldStartWith("attention: q: the last dimension of [4, 10] is 10. It must be 20.");
        Should.Throw<ArgumentException>(() => AttentionOp.Apply(q, k, k, new SequenceLayout().Add(4, past: 3), options))
            .Message.ShouldStartWith("attention: sequence 0 has a past of 3 positions.");
        Should.Throw<ArgumentException>(() => AttentionOp.Apply(q, k, k, SequenceLayout.Uniform(1, 4), options with { KeyValueHeadCount = 3 }))
            .Message.ShouldStartWith("attention: cannot have 4 heads over 3 key heads of size 5 + 5, window , blocks of , soft cap .");
        Should.Throw<ArgumentException>(() => AttentionOp.ApplyCached(q, k, k, SequenceLayout.Uniform(1, 4), [], 0, options))
            .Message.ShouldStartWith("attention: got 0 caches for 1 sequences.");
        KeyValueCache cache = new(1, 2, 5, 5, 8);
        Should.Throw<ArgumentException>(() => AttentionOp.ApplyCached(q, k, k, new SequenceLayout().Add(4, past: 1), [cache], 0, options))
            .Message.ShouldStartWith("attention: the layout gives sequence 0 a past of 1, its cache holds 0. They must be equal.");
    }

    internal static AttentionOptions Options(string kind)
    {
        var options = new AttentionOptions { HeadCount = 4, HeadSize = 5 };
        Tensor sinks = Tensor.From([0.5f, -1f, 2f, 0f], new(4));
        return kind switch
        {
            "plain" => options,
            "grouped" => options with { KeyValueHeadCount = 2 },
            "window" => options with { KeyValueHeadCount = 2, SlidingWindow = 7 },
            "sinks" => options with { KeyValueHeadCount = 2, Sinks = sinks },
            "cap" => options with { SoftCap = 1.5f, Scale = 0.7f },
            "full" => options with { Causal = false },
            "full window" => options with { Causal = false, SlidingWindow = 66 },
            "value size" => options with { KeyValueHeadCount = 1, ValueHeadSize = 19 },
            "blocks" => options with { KeyValueHeadCount = 2, BlockLength = 7 },
            "blocks and window" => options with { KeyValueHeadCount = 2, BlockLength = 67, SlidingWindow = 40, Sinks = sinks },
            "all" => options with { KeyValueHeadCount = 1, HeadSize = 17, ValueHeadSize = 9, SlidingWindow = 67, SoftCap = 3, Sinks = sinks, Scale = 0.3f },
            _ => throw new ArgumentOutOfRangeException(nameof(kind)),
        };
    }

    internal static Tensor Random(ulong seed, int rows, int columns)
    {
        Tensor tensor = Tensor.Zeros(new(rows, columns));
        new Rng(seed).FillNormal(tensor.Span, 1);
        return tensor;
    }
}
