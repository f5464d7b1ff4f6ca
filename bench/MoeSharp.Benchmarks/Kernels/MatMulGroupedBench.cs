using BenchmarkDotNet.Attributes;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Kernels.MatMul;
using MoeSharp.Tensors.Measurement;

namespace MoeSharp.Benchmarks.Kernels;

/// <summary>Products of 4096 rows with the weights of their experts, even and Zipf load; eight experts of one row as in decoding.</summary>
[MemoryDiagnoser]
public unsafe class MatMulGroupedBench
{
    private Workers _workers = null!;
    private Tensor _x = null!;
    private Tensor _y = null!;
    private Tensor _weight = null!;
    private Indices _offsets = null!;

    [Params(1, 2)]
    public int Threads { get; set; }

    [Params("even", "zipf", "decode")]
    public string Load { get; set; } = "";

    [Params("64x2048x1024", "64x512x256")]
    public string Shape { get; set; } = "";

    private int Experts => Size(0);

    private int Outputs => Size(1);

    private int Inputs => Size(2);

    [GlobalSetup]
    public void Setup()
    {
        _workers = new Workers(Threads);
        int[] load = Load switch
        {
            "even" => KernelBench.EvenLoad(Experts, 4096),
            "zipf" => KernelBench.ZipfLoad(Experts, 4096),
            _ => [.. Enumerable.Range(0, Experts).Select(expert => expert % 8 == 3 ? 1 : 0)],
        };
        _offsets = Indices.Uninitialized(Experts + 1);
        _offsets[0] = 0;
        for (int e = 0; e < Experts; e++)
        {
            _offsets[e + 1] = _offsets[e] + load[e];
        }

        int rows = _offsets[Experts];
        _x = Tensor.Zeros(new(rows, Inputs));
        _y = Tensor.Zeros(new(rows, Outputs));
        _weight = Tensor.Zeros(new(Experts, Outputs, Inputs));
        new Rng(1).FillNormal(_x.Span, 1);
        new Rng(2).FillNormal(_weight.Span, 1);
    }

    [GlobalCleanup]
    public void Cleanup() => _workers.Dispose();

    [Benchmark(Baseline = true)]
    public void Nt() => GroupedMatMulKernel.Nt(
        _workers, _x.Pointer, _weight.Pointer, _y.Pointer, _offsets.Pointer, Experts, Outputs, Inputs, accumulate: false);

    [Benchmark]
    public void Nn() => GroupedMatMulKernel.Nn(
        _workers, _y.Pointer, _weight.Pointer, _x.Pointer, _offsets.Pointer, Experts, Outputs, Inputs, accumulate: false);

    private int Size(int index) => int.Parse(Shape.Split('x')[index]);
}
