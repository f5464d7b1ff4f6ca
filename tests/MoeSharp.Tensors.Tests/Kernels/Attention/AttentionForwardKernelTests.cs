using MoeSharp.Tensors.Autograd.Ops;
using MoeSharp.Tensors.Kernels.Attention;
using MoeSharp.Tensors.Kernels.Lanes;
using MoeSharp.Tensors.Tests.Autograd.Ops;

namespace MoeSharp.Tensors.Tests.Kernels.Attention;

public unsafe class AttentionForwardKernelTests
{
    private delegate void Kernel(in AttentionShape shape, in AttentionTile tile, float* scratch);

    public static TheoryData<int, DType> Widths
    {
        get
        {
            var data = new TheoryData<int, DType>();
            foreach (int width in (int[])[128, 256, 512])
            {
                foreach (DType type in (DType[])[DType.F32, DType.BF16, DType.Q80])
                {
                    data.Add(width, type);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void Every_width_gives_the_bits_of_the_definition(int width, DType type)
    {
        (int, int)[] sizes = type == DType.Q80 ? [(32, 32), (64, 96), (96, 32)] : [(1, 1), (5, 3), (16, 40), (33, 8), (64, 64), (80, 23)];
        foreach ((int size, int valueSize) in sizes)
        {
            for (int kind = 0; kind < 8; kind++)
            {
                // A group of three heads: tiles begin and end within a query.
                foreach ((int keys, int rows, int group) in ((int, int, int)[])[(1, 1, 1), (9, 9, 1), (70, 13, 1), (130, 64, 1), (200, 1, 1), (200, 16, 16), (600, 10, 3), (1100, 64, 3)])
                {
                    var shape = new AttentionShape
                    {
                        HeadCount = group,
                        KeyValueHeadCount = 1,
                        HeadSize = size,
                        ValueHeadSize = valueSize,
                        Scale = 1 / MathF.Sqrt(size),
                        Causal = kind != 3,
                        Window = kind is 1 or 4 ? 50 : kind == 6 ? 520 : int.MaxValue,
                        Block = kind == 5 ? 60 : 0,
                        SoftCap = kind == 2 ? 2f : 0f,
                    };
                    Compare(Lanes(width), shape, type, keys, rows, sinks: kind is 4 or 7, shares: kind is 0 or 6 or 7 && valueSize <= size);
                    if (keys <= 200)
                    {
                        Compare(Lanes(width), shape, type, keys, rows, sinks: kind is 4 or 7, shares: false);
                    }
                }
            }
        }
    }

    [Fact]
    public void The_definition_agrees_with_softmax_in_double()
    {
        const int size = 7, keys = 150;
        Tensor q = AttentionOpTests.Random(1, keys, size), k = AttentionOpTests.Random(2, keys, size), v = AttentionOpTests.Random(3, keys, size);
        using var scope = new TensorScope();
        var options = new AttentionOptions { HeadCount = 1, HeadSize = size, SlidingWindow = 100, BlockLength = 90, SoftCap = 1.5f };
        Tensor y = AttentionOp.Apply(scope.From(q.Span, q.Shape), k, v, SequenceLayout.Uniform(1, keys), options);
        for (int i = 0; i < keys; i++)
        {
            double sum = 0;
            double[] expected = new double[size];
            for (int j = Math.Max(i / 90 * 90, i - 99); j <= i; j++)
            {
                double score = 0;
                for (int c = 0; c < size; c++)
                {
                    score += (double)q.Row(i)[c] * k.Row(j)[c];
                }

                double weight = Math.Exp(1.5 * Math.Tanh(score / Math.Sqrt(size) / 1.5));
                sum += weight;
                for (int c = 0; c < size; c++)
                {
                    expected[c] += weight * v.Row(j)[c];
                }
            }

            for (int c = 0; c < size; c++)
            {
                y.Row(i)[c].ShouldBe((float)(expected[c] / sum), 2e-6f);
            }
        }
    }

    private static Kernel Lanes(int width) => width switch
    {
        128 => AttentionForwardKernel.Lanes<Lanes128>,
        256 => AttentionForwardKernel.Lanes<Lanes256>,
        _ => AttentionForwardKernel.Lanes<Lanes512>,
    };

    private static void Compare(Kernel lanes, AttentionShape shape, DType type, int keys, int rows, bool sinks, bool shares)
    {
        var memory = new KeyValueMemory(1, shape.HeadSize, shape.ValueHeadSize, keys, type, shares);
        memory.Append(AttentionOpTests.Random(1, keys, shape.HeadSize), AttentionOpTests.Random(2, keys, shape.ValueHeadSize));
        int group = shape.GroupSize, firstPair = rows < group ? 0 : rows % group, queries = (firstPair + rows + group - 1) / group;
        Tensor q = AttentionOpTests.Random(3, queries, group * shape.HeadSize);
        Tensor expected = Tensor.Zeros(new(queries, group * shape.ValueHeadSize)), actual = Tensor.Zeros(expected.Shape);
        Tensor expectedSum = Tensor.Zeros(new(queries, group)), actualSum = Tensor.Zeros(expectedSum.Shape);
        Tensor scratch = Tensor.Uninitialized(new(AttentionScratch.Length(shape)));
        float* sink = stackalloc float[group];
        new Span<float>(sink, group).Fill(0.3f);
        int spans = (keys + AttentionShape.Span - 1) / AttentionShape.Span;
        var tile = new AttentionTile
        {
            Source = memory.View(),
            KeyCount = keys,
            Past = keys - queries,
            FirstPair = firstPair,
            Rows = rows,
            Queries = q.Pointer,
            Sinks = sinks ? sink : null,
            Output = expected.Pointer,
            LogSumExp = expectedSum.Pointer,
            EndSpan = spans,
        };
        AttentionForwardKernel.Scalar(shape, tile, scratch.Pointer);
        tile.Output = actual.Pointer;
        tile.LogSumExp = actualSum.Pointer;
        scratch.Fill(float.NaN);
        lanes(shape, tile, scratch.Pointer);
        string what = $"{shape.HeadSize}/{shape.ValueHeadSize}, {keys} keys, {rows} rows of groups of {group}, shared {shares}";
        actual.ToArray().ShouldBe(expected.ToArray(), what);
        actualSum.ToArray().ShouldBe(expectedSum.ToArray(), what);
        actual.ToArray().ShouldAllBe(x => float.IsFinite(x));

        // Span by span, in any order, and joined.
        Tensor states = Tensor.Uninitialized(new(spans * SpanState.Length(shape, rows)));
        actual.Fill(0);
        actualSum.Fill(0);
        states.Fill(float.NaN);
        tile.States = states.Pointer;
        for (int span = spans - 1; span >= 0; span--)
        {
            AttentionTile part = tile with { States = tile.StateOf(shape, span).Largest, FirstSpan = span, EndSpan = span + 1 };
            scratch.Fill(float.NaN);
            lanes(shape, part, scratch.Pointer);
        }

        SpanMergeKernel.Run(shape, tile, scratch.Pointer);
        GC.KeepAlive(memory);
        GC.KeepAlive(q);
        GC.KeepAlive(scratch);
        GC.KeepAlive(states);
        actual.ToArray().ShouldBe(expected.ToArray(), what);
        actualSum.ToArray().ShouldBe(expectedSum.ToArray(), what);
    }
}
