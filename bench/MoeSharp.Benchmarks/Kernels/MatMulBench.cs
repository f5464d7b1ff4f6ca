using BenchmarkDotNet.Attributes;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Kernels.MatMul;
using MoeSharp.Tensors.Measurement;

namespace MoeSharp.Benchmarks.Kernels;

/// <summary>Matrix products: one that fits the caches, one of the size of the floors, one with odd tails.</summary>
/// <remarks>GFLOP/s = 2·m·n·k / time; the share of the peak is what <c>moe bench</c> prints.</remarks>
[MemoryDiagnoser]
public unsafe class MatMulBench
{
    private Workers _workers = null!;
    private Tensor _a = null!;
    private Tensor _b = null!;
    private Tensor _c = null!;

    [Params(1, 2)]
    public int Threads { get; set; }

    [Params("128x128x128", "512x2048x2048", "2048x256x256", "131x257x515", "1x4096x2048")]
    public string Shape { get; set; } = "";

    private int M => Size(0);

    private int N => Size(1);

    private int K => Size(2);

    [GlobalSetup]
    public void Setup()
    {
        _workers = new Workers(Threads);
        _a = Tensor.Zeros(new(M, K));
        _b = Tensor.Zeros(new(N, K));
        _c = Tensor.Zeros(new(M, N));
        new Rng(1).FillNormal(_a.Span, 1);
        new Rng(2).FillNormal(_b.Span, 1);
    }

    [GlobalCleanup]
    public void Cleanup() => _workers.Dispose();

    /// <summary>Eight rows of the definition: the whole would take minutes.</summary>
    [Benchmark(Baseline = true)]
    public void ScalarEightRows() => MatMulKernel.Scalar(
        MatrixOperand.AlongDepth(_a.Pointer, K), MatrixOperand.AlongDepth(_b.Pointer, K), _c.Pointer, N, 1, Math.Min(8, M), N, K, accumulate: false);

    [Benchmark]
    public void Nt() => MatMulKernel.Nt(_workers, _a.Pointer, _b.Pointer, _c.Pointer, M, N, K, accumulate: false);

    [Benchmark]
    public void Nn() => MatMulKernel.Nn(_workers, _a.Pointer, _b.Pointer, _c.Pointer, M, N, K, accumulate: false);

    [Benchmark]
    public void Tn() => MatMulKernel.Tn(_workers, _a.Pointer, _b.Pointer, _c.Pointer, M, N, K, accumulate: false);

    private int Size(int index) => int.Parse(Shape.Split('x')[index]);
}
