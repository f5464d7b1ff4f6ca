using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;
using MoeSharp.Tensors.Measurement;
using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Analysis.Speed;

/// <summary>Measures the product of each format: one row (decode), whose weight comes from memory, and 64 rows (prompt).</summary>
public static class FormatBench
{
    /// <summary>Rows of activations that stand for a prompt: what an expert of many gets.</summary>
    public const int ManyRows = 64;

    internal const int Columns = 2048;
    private const int NearRows = 8192;            // of the weight that many rows share
    private const long FarBytes = 192L << 20;     // of the weight that one row streams: beyond any cache
    private const double EnoughSeconds = 0.3;
    private const int Runs = 3;

    /// <summary>Measures one of them.</summary>
    /// <param name="format">The format.</param>
    /// <param name="workers">Threads.</param>
    /// <param name="scale">Divides the sizes, for a quick look.</param>
    public static FormatSpeed Run(BlockFormat format, Workers workers, int scale = 1)
    {
        var pool = new BlockPool(format, Columns, 1 / MathF.Sqrt(Columns), seed: 1);
        long farRows = FarBytes / scale / pool.RowBytes;
        Parameter far = Fill(format, pool, (int)farRows, workers), near = Fill(format, pool, NearRows / scale, workers);
        double one = Seconds(far, 1, workers), many = Seconds(near, ManyRows, workers);
        return new FormatSpeed(
            format.Name, far.Packed!.KernelName, far.Packed.IsRepacked, far.Packed.ByteLength / one / 1e9,
            2.0 * ManyRows * near.Shape.Length / many / 1e9);
    }

    internal static Parameter Fill(BlockFormat format, BlockPool pool, int rows, Workers workers)
    {
        var weight = new PackedWeight(format, new TensorShape(rows, Columns));
        var keys = new Rng(2);
        for (int row = 0; row < rows; row++)
        {
            pool.Row(keys.NextBits()).CopyTo(weight.Bytes((long)row * pool.RowBytes, pool.RowBytes));
        }

        weight.Repack(workers);
        var parameter = new Parameter(format.Name, weight.Shape) { CanPack = true };
        parameter.Pack(weight);
        return parameter;
    }

    /// <summary>Seconds of a product with so many rows of activations, best of several.</summary>
    internal static double Seconds(Parameter weight, int rows, Workers workers)
    {
        using var scope = new TensorScope(workers: workers);
        Tensor x = Tensor.Uninitialized(new TensorShape(rows, Columns));
        new Rng(3).FillNormal(x.Span, 1);
        return BestTime.Of(
            () =>
            {
                LinearOp.Apply(scope.From(x.Span, x.Shape), weight);
                scope.Reset();
            },
            Runs, EnoughSeconds);
    }
}
