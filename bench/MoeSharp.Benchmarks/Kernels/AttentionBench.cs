using System.Runtime.Intrinsics;
using BenchmarkDotNet.Attributes;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Benchmarks.Kernels;

/// <summary>Attention of the training step (8 × 256 rows, 4 heads of 64, causal) on one thread, beside the multiply-add peak.</summary>
/// <remarks>
/// Times are for one million flops of the causal half (pairs that are seen), so rows compare directly:
/// share of peak = time of <see cref="Peak"/> / time of the row. Forward counts 4·d flops a pair, backward 10·d (five products,
/// of which one repeats the forward's). Run with <c>dotnet run -c Release -- --filter *AttentionBench*</c>.
/// </remarks>
[ShortRunJob]
public class AttentionBench
{
    private const int Batch = 8, Length = 256, Heads = 4, Size = 64;
    private const int Pairs = Batch * Heads * Length * (Length + 1) / 2;
    private const int ForwardMegaflops = (int)(4L * Size * Pairs / 1_000_000);
    private const int BothMegaflops = (int)(14L * Size * Pairs / 1_000_000);
    private const int PeakSteps = 1_000_000;

    private readonly Workers _workers = new(1);
    private readonly SequenceLayout _layout = SequenceLayout.Uniform(Batch, Length);
    private readonly AttentionOptions _options = new() { HeadCount = Heads, HeadSize = Size };
    private readonly Tensor[] _inputs = new Tensor[4];
    private TensorScope _scope = null!;
    private TensorScope _recording = null!;

    [GlobalSetup]
    public void Setup()
    {
        for (int i = 0; i < _inputs.Length; i++)
        {
            _inputs[i] = Tensor.Zeros(new(Batch * Length, Heads * Size));
            new Rng((ulong)i).FillNormal(_inputs[i].Span, 1);
        }

        _scope = new TensorScope(workers: _workers);
        _recording = new TensorScope(workers: _workers, record: true);
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = PeakSteps * 10 * 16 * 2 / 1_000_000)]
    public float Peak()
    {
        Vector512<float> a = Vector512.Create(1.0001f), b = Vector512.Create(0.999f);
        Vector512<float> c0 = a, c1 = a, c2 = a, c3 = a, c4 = a, c5 = a, c6 = a, c7 = a, c8 = a, c9 = a;
        for (int i = 0; i < PeakSteps; i++)
        {
            c0 = Vector512.FusedMultiplyAdd(c0, a, b);
            c1 = Vector512.FusedMultiplyAdd(c1, a, b);
            c2 = Vector512.FusedMultiplyAdd(c2, a, b);
            c3 = Vector512.FusedMultiplyAdd(c3, a, b);
            c4 = Vector512.FusedMultiplyAdd(c4, a, b);
            c5 = Vector512.FusedMultiplyAdd(c5, a, b);
            c6 = Vector512.FusedMultiplyAdd(c6, a, b);
            c7 = Vector512.FusedMultiplyAdd(c7, a, b);
            c8 = Vector512.FusedMultiplyAdd(c8, a, b);
            c9 = Vector512.FusedMultiplyAdd(c9, a, b);
        }

        return (c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9)[0];
    }

    [Benchmark(OperationsPerInvoke = ForwardMegaflops)]
    public void Forward()
    {
        _scope.Reset();
        AttentionOp.Apply(_scope.From(_inputs[0].Span, _inputs[0].Shape), _inputs[1], _inputs[2], _layout, _options);
    }

    [Benchmark(OperationsPerInvoke = BothMegaflops)]
    public void ForwardAndBackward()
    {
        _recording.Reset();
        Tensor q = _recording.From(_inputs[0].Span, _inputs[0].Shape), k = _inputs[1], v = _inputs[2];
        q.NeedsGradient = k.NeedsGradient = v.NeedsGradient = true;
        k.ClearGradient();
        v.ClearGradient();
        Tensor y = AttentionOp.Apply(q, k, v, _layout, _options);
        _recording.Tape!.Backward(y, _inputs[3]);
        k.NeedsGradient = v.NeedsGradient = false;
    }
}
