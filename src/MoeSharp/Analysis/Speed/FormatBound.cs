using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Measurement;
using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Analysis.Speed;

/// <summary>One product with weights of a format, beside the time it may take at most: dequantising the weight, then multiplying at half of
/// the float32 peak, <c>2·N·M·K / (0.5·peak)</c>.</summary>
/// <param name="Format">The format.</param>
/// <param name="Rows">N: rows of activations.</param>
/// <param name="Seconds">Of the product.</param>
/// <param name="DequantizeSeconds">Of dequantising the weight into the cache, on the same threads.</param>
/// <param name="MultiplySeconds">Of multiplying at half of the float32 peak.</param>
public sealed record FormatBound(string Format, int Rows, double Seconds, double DequantizeSeconds, double MultiplySeconds)
{
    private const int WeightRows = 4096;  // M; of 2048 columns: 8 M elements, beyond the second-level cache in every format
    private const int Tile = 32;          // rows dequantised at once: 256 KiB of float32
    private const int Runs = 3;
    private const double EnoughSeconds = 0.3;

    /// <summary>Rows that are measured: decode, an expert of many, a prompt.</summary>
    public static IReadOnlyList<int> RowCounts { get; } = [1, 64, 512];

    /// <summary>Time over what is allowed; at most 1 where the bound holds.</summary>
    public double Ratio => Seconds / (DequantizeSeconds + MultiplySeconds);

    /// <summary>Measures a format with every count of rows.</summary>
    /// <param name="format">A format that can be multiplied.</param>
    /// <param name="workers">Threads.</param>
    /// <param name="float32Gflops">The float32 peak of so many threads.</param>
    /// <param name="scale">Divides the size of the weight, for a quick look.</param>
    public static IReadOnlyList<FormatBound> Run(BlockFormat format, Workers workers, double float32Gflops, int scale = 1)
    {
        int rows = Math.Max(Tile, WeightRows / scale / Tile * Tile);
        var pool = new BlockPool(format, FormatBench.Columns, 1 / MathF.Sqrt(FormatBench.Columns), seed: 1);
        Parameter weight = FormatBench.Fill(format, pool, rows, workers);
        byte[] blocks = new byte[(long)rows * pool.RowBytes];
        var keys = new Rng(2);
        for (int row = 0; row < rows; row++)
        {
            pool.Row(keys.NextBits()).CopyTo(blocks.AsSpan(row * pool.RowBytes, pool.RowBytes));
        }

        var work = new Dequantizing(format, blocks, Tile * pool.RowBytes, [.. Enumerable.Range(0, workers.Count).Select(_ => new float[Tile * FormatBench.Columns])]);
        double dequantize = BestTime.Of(() => workers.Run(rows / Tile, work), Runs, EnoughSeconds);
        return [.. RowCounts.Select(count => new FormatBound(
            format.Name, count, FormatBench.Seconds(weight, count, workers), dequantize,
            2.0 * count * rows * FormatBench.Columns / (0.5 * float32Gflops * 1e9)))];
    }

    private readonly struct Dequantizing(BlockFormat format, byte[] blocks, int tileBytes, float[][] values) : IWork
    {
        public void Run(int item, int worker) => format.Dequantize(blocks.AsSpan(item * tileBytes, tileBytes), values[worker]);
    }
}
