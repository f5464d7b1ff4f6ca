using MoeSharp.Tensors.Kernels.Attention;
using MoeSharp.Tensors.Kernels.Lanes;
using MoeSharp.Tensors.Tests.Autograd.Ops;

namespace MoeSharp.Tensors.Tests.Kernels.Attention;

public unsafe class AttentionBackwardKernelTests
{
    private delegate void Kernel(in AttentionShape shape, in AttentionGradientTask task, float* scratch);

    [Theory]
    [InlineData(128)]
    [InlineData(256)]
    [InlineData(512)]
    public void Every_width_agrees_with_the_definition(int width)
    {
        Kernel lanes = width switch
        {
            128 => AttentionBackwardKernel.Lanes<Lanes128>,
            256 => AttentionBackwardKernel.Lanes<Lanes256>,
            _ => AttentionBackwardKernel.Lanes<Lanes512>,
        };
        Kernel scalar = static (in AttentionShape shape, in AttentionGradientTask task, float* scratch) => AttentionBackwardKernel.Scalar(shape, task);
        foreach ((int size, int valueSize) in ((int, int)[])[(1, 1), (5, 19), (64, 64), (33, 80)])
        {
            foreach (int length in (int[])[1, 6, 65, 150])
            {
                for (int kind = 0; kind < 6; kind++)
                {
                    var shape = new AttentionShape
                    {
                        HeadCount = 4,
                        KeyValueHeadCount = 2,
                        HeadSize = size,
                        ValueHeadSize = valueSize,
                        Scale = 1 / MathF.Sqrt(size),
                        Causal = kind is < 3 or 5,
                        Window = kind is 1 or 4 ? 40 : int.MaxValue,
                        Block = kind == 5 ? 60 : 0,
                        SoftCap = kind == 2 ? 2f : 0f,
                    };
                    Tensor[] expected = Run(scalar, shape, length), actual = Run(lanes, shape, length);
                    for (int i = 0; i < expected.Length; i++)
                    {
                        float scale = expected[i].ToArray().Max(MathF.Abs);
                        for (int j = 0; j < expected[i].Length; j++)
                        {
                            float difference = MathF.Abs(actual[i].Span[j] - expected[i].Span[j]);
                            if (!(difference <= 3e-6f * (scale + 1)))
                            {
                                Assert.Fail(
                                    $"sizes {size}/{valueSize}, length {length}, kind {kind}, gradient {i}, element {j}: {actual[i].Span[j]}, expected {expected[i].Span[j]}");
                            }
                        }
                    }
                }
            }
        }
    }

    private static Tensor[] Run(Kernel kernel, AttentionShape shape, int length)
    {
        Tensor q = AttentionOpTests.Random(1, length, (int)shape.QueryStride), k = AttentionOpTests.Random(2, length, (int)shape.KeyStride);
        Tensor v = AttentionOpTests.Random(3, length, (int)shape.ValueStride), output = AttentionOpTests.Random(4, length, (int)shape.OutputStride);
        Tensor gradient = AttentionOpTests.Random(5, length, (int)shape.OutputStride);
        Tensor logSumExp = Tensor.Zeros(new(length, shape.HeadCount)), delta = Tensor.Zeros(logSumExp.Shape);
        logSumExp.Fill(4f);
        Tensor dq = Tensor.Zeros(q.Shape), dk = Tensor.Zeros(k.Shape), dv = Tensor.Zeros(v.Shape), scratch = Tensor.Uninitialized(new(1 << 16));
        scratch.Fill(float.NaN);
        AttentionBackwardKernel.ScratchLength(shape).ShouldBeLessThanOrEqualTo((int)scratch.Length);
        for (int head = 0; head < shape.KeyValueHeadCount; head++)
        {
            kernel(
                shape,
                new AttentionGradientTask
                {
                    Length = length,
                    KeyValueHead = head,
                    Queries = q.Pointer,
                    Keys = k.Pointer,
                    Values = v.Pointer,
                    Output = output.Pointer,
                    OutputGradient = gradient.Pointer,
                    LogSumExp = logSumExp.Pointer,
                    Delta = delta.Pointer,
                    QueryGradient = dq.Pointer,
                    KeyGradient = dk.Pointer,
                    ValueGradient = dv.Pointer,
                },
                scratch.Pointer);
        }

        return [dq, dk, dv, delta];
    }
}
