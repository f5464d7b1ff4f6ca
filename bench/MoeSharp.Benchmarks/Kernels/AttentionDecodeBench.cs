using System.Numerics.Tensors;
using BenchmarkDotNet.Attributes;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd.Ops;
using Tensor = MoeSharp.Tensors.Tensor;

namespace MoeSharp.Benchmarks.Kernels;

/// <summary>One new token against 4096 cached keys, on one thread, beside plain reading of as many bytes.</summary>
/// <remarks>
/// Times are for one million bytes of cache: GB/s = 10⁶ / ns, and share of bandwidth = time of <see cref="Read"/> / time of the row.
/// Several layers make the cache larger than the third-level cache.
/// </remarks>
[ShortRunJob]
public class AttentionDecodeBench
{
    private const int Keys = 4096, KeyValueHeads = 4, Size = 128, Layers = 8;
    private const int Megabytes = (int)((long)Keys * KeyValueHeads * Size * 2 * Layers * 4 / 1_000_000);

    private readonly Workers _workers = new(1);
    private readonly SequenceLayout _layout = new();
    private readonly Tensor _plain = Tensor.Zeros(new((long)Keys * KeyValueHeads * Size * 2 * Layers));
    private TensorScope _scope = null!;
    private KeyValueCache _full = null!;
    private KeyValueCache _half = null!;
    private float[] _query = null!;

    /// <summary>Query heads that share a key head.</summary>
    [Params(1, 8)]
    public int Group { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _scope = new TensorScope(workers: _workers);
        _query = new float[Group * KeyValueHeads * Size];
        new Rng(1).FillNormal(_query, 1);
        Tensor k = Tensor.Zeros(new(Keys, KeyValueHeads * Size)), v = Tensor.Zeros(k.Shape);
        new Rng(2).FillNormal(k.Span, 1);
        new Rng(3).FillNormal(v.Span, 1);
        _full = new KeyValueCache(Layers, KeyValueHeads, Size, Size, Keys + 1);
        _half = new KeyValueCache(Layers, KeyValueHeads, Size, Size, Keys + 1, DType.BF16);
        for (int layer = 0; layer < Layers; layer++)
        {
            _full[layer].Append(k, v);
            _half[layer].Append(k, v);
        }
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Megabytes)]
    public float Read() => TensorPrimitives.Sum<float>(_plain.Span);

    [Benchmark(OperationsPerInvoke = Megabytes)]
    public void F32() => Decode(_full);

    [Benchmark(OperationsPerInvoke = Megabytes / 2)]
    public void BF16() => Decode(_half);

    private void Decode(KeyValueCache cache)
    {
        _scope.Reset();
        _layout.Clear();
        _layout.Add(1, Keys);
        Tensor q = _scope.From(_query, new(1, _query.Length)), row = _scope.Zeros(new(1, KeyValueHeads * Size));
        var options = new AttentionOptions { HeadCount = Group * KeyValueHeads, KeyValueHeadCount = KeyValueHeads, HeadSize = Size };
        for (int layer = 0; layer < Layers; layer++)
        {
            AttentionOp.ApplyCached(q, row, row, _layout, new ReadOnlySpan<KeyValueCache>(in cache), layer, options);
        }

        cache.Truncate(Keys);
    }
}
