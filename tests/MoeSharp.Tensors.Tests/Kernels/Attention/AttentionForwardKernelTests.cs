using MoeSharp.Tensors.Autograd.Ops;
using MoeSharp.Tensors.Kernels.Attention;
using MoeSharp.Tensors.Kernels.Lanes;
using MoeSharp.Tensors.Tests.Autograd.Ops;

namespace MoeSharp.Tensors.Tests.Kernels.Attention;

public unsafe class AttentionForwardKernelTests
{
    private delegate void Kernel(in AttentionShape shape, in AttentionTile tile, float* scratch);

    public static TheoryData<int, DType> Widths => new()
    {
        { 128, DType.F32 }, { 256, DType.F32 }, { 512, DType.F32 }, { 128, DType.BF16 }, { 256, DType.BF16 }, { 512, DType.BF16 },
    };

    [Theory]
    [MemberData(nameof(Widths))]
    public void Every_width_gives_the_bits_of_the_definition(int width, DType type)
    {
        Kernel lanes = width switch
        {
            128 => AttentionForwardKernel.Lanes<Lanes128>,
            256 => AttentionForwardKernel.Lanes<Lanes256>,
            _ => AttentionForwardKernel.Lanes<Lanes512>,
        };
        foreach ((int size, int valueSize) in ((int, int)[])[(1, 1), (5, 3), (16, 40), (33, 8), (64, 64), (80, 23)])
        {
            for (int kind = 0; kind < 6; kind++)
            {
                foreach ((int keys, int rows) in ((int, int)[])[(1, 1), (9, 9), (70, 13), (130, 64), (200, 1)])
                {
                    var shape = new AttentionShape
                    {
                        HeadCount = 1,
                        KeyValueHeadCount = 1,
                        HeadSize = size,
                        ValueHeadSize = valueSize,
                        Scale = 1 / MathF.Sqrt(size),
                        Causal = kind != 3,
                        Window = kind is 1 or 4 ? 50 : int.MaxValue,
                        Block = kind == 5 ? 60 : 0,
                        SoftCap = kind == 2 ? 2f : 0f,
                    };
                    Compare(lanes, shape, type, keys, rows, sinks: kind == 4);
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

    private static void Compare(Kernel lanes, AttentionShape shape, DType type, int keys, int rows, bool sinks)
    {
        var memory = new KeyValueMemory(1, shape.HeadSize, shape.ValueHeadSize, keys, type);
        memory.Append(AttentionOpTests.Random(1, keys, shape.HeadSize), AttentionOpTests.Random(2, keys, shape.ValueHeadSize));
        Tensor q = AttentionOpTests.Random(3, rows, shape.HeadSize);
        Tensor expected = Tensor.Zeros(new(rows, shape.ValueHeadSize)), actual = Tensor.Zeros(expected.Shape);
        Tensor expectedSum = Tensor.Zeros(new(rows)), actualSum = Tensor.Zeros(new(rows)), scratch = Tensor.Uninitialized(new(1 << 16));
        float sink = 0.3f;
        var tile = new AttentionTile
        {
            Source = memory.View(),
            KeyCount = keys,
            Rows = rows,
            Position = keys - rows,
            PositionStep = 1,
            Queries = q.Pointer,
            QueryStride = shape.HeadSize,
            Sinks = sinks ? &sink : null,
            Output = expected.Pointer,
            OutputStride = shape.ValueHeadSize,
            LogSumExp = expectedSum.Pointer,
            LogSumExpStride = 1,
        };
        AttentionForwardKernel.ScratchLength(shape).ShouldBeLessThanOrEqualTo((int)scratch.Length);
        AttentionForwardKernel.Scalar(shape, tile, scratch.Pointer);
        tile.Output = actual.Pointer;
        tile.LogSumExp = actualSum.Pointer;
        scratch.Fill(float.NaN);
        lanes(shape, tile, scratch.Pointer);
        GC.KeepAlive(memory);
        actual.ToArray().ShouldBe(expected.ToArray(), $"{shape.HeadSize}/{shape.ValueHeadSize}, {keys} keys, {rows} rows");
        actualSum.ToArray().ShouldBe(expectedSum.ToArray());
        actual.ToArray().ShouldAllBe(x => float.IsFinite(x));
    }
}
