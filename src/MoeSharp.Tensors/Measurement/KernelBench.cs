using MoeSharp.Tensors.Kernels.MatMul;

namespace MoeSharp.Tensors.Measurement;

/// <summary>Speeds of the matrix products that models live on, as named results.</summary>
/// <remarks>
/// <para><c>matmul.*</c>: 512 × 2048 × 2048. <c>grouped.*</c>: 64 experts, 4096 rows, 1024 inputs, 2048 outputs, with even load or
/// with rows falling as 1/rank (Zipf). Best of several runs; a multiply-add counts as two.</para>
/// </remarks>
public static unsafe class KernelBench
{
    private const int Experts = 64;
    private const int GroupedRows = 4096;
    private const double SecondsEach = 0.4;

    /// <summary>All named products; shares are of <paramref name="peaks"/>.</summary>
    public static IReadOnlyList<BenchResult> Run(MachinePeaks peaks)
    {
        using var one = new Workers(1);
        using var two = new Workers(2);
        return
        [
            Result("matmul.nt.t1", Product(one, ProductKind.Nt, 512, 2048, 2048), 1, peaks),
            Result("matmul.nt.t2", Product(two, ProductKind.Nt, 512, 2048, 2048), 2, peaks),
            Result("matmul.nn.t1", Product(one, ProductKind.Nn, 512, 2048, 2048), 1, peaks),
            Result("matmul.nn.t2", Product(two, ProductKind.Nn, 512, 2048, 2048), 2, peaks),
            Result("matmul.tn.t1", Product(one, ProductKind.Tn, 512, 2048, 2048), 1, peaks),
            Result("matmul.tn.t2", Product(two, ProductKind.Tn, 512, 2048, 2048), 2, peaks),
            Result("grouped.even", Grouped(two, ProductKind.Nt, EvenLoad(Experts, GroupedRows), 2048, 1024), 2, peaks),
            Result("grouped.zipf", Grouped(two, ProductKind.Nt, ZipfLoad(Experts, GroupedRows), 2048, 1024), 2, peaks),
        ];
    }

    /// <summary>GFLOP/s of one product <c>[m, k]·[k, n]</c>.</summary>
    public static double Product(Workers workers, ProductKind kind, int m, int n, int k)
    {
        Tensor a = Normal(new(m, k)), b = Normal(new(n, k)), c = Tensor.Zeros(new(m, n));
        double seconds = BestTime.Of(
            () =>
            {
                switch (kind)
                {
                    case ProductKind.Nt:
                        MatMulKernel.Nt(workers, a.Pointer, b.Pointer, c.Pointer, m, n, k, accumulate: false);
                        break;
                    case ProductKind.Nn:
                        MatMulKernel.Nn(workers, a.Pointer, b.Pointer, c.Pointer, m, n, k, accumulate: false);
                        break;
                    default:
                        MatMulKernel.Tn(workers, a.Pointer, b.Pointer, c.Pointer, m, n, k, accumulate: false);
                        break;
                }
            },
            seconds: SecondsEach);
        return 2.0 * m * n * k / seconds / 1e9;
    }

    /// <summary>GFLOP/s of the products of every expert with its rows: forward (NT), input gradient (NN) or weight gradient (TN).</summary>
    public static double Grouped(Workers workers, ProductKind kind, ReadOnlySpan<int> rowsPerExpert, int outputs, int inputs)
    {
        int experts = rowsPerExpert.Length;
        Indices offsets = Indices.Uninitialized(experts + 1);
        offsets[0] = 0;
        for (int e = 0; e < experts; e++)
        {
            offsets[e + 1] = offsets[e] + rowsPerExpert[e];
        }

        int rows = offsets[experts];
        Tensor x = Normal(new(rows, inputs)), y = Normal(new(rows, outputs)), weight = Normal(new(experts, outputs, inputs));
        double seconds = BestTime.Of(
            () =>
            {
                switch (kind)
                {
                    case ProductKind.Nt:
                        GroupedMatMulKernel.Nt(workers, x.Pointer, weight.Pointer, y.Pointer, offsets.Pointer, experts, outputs, inputs, accumulate: false);
                        break;
                    case ProductKind.Nn:
                        GroupedMatMulKernel.Nn(workers, y.Pointer, weight.Pointer, x.Pointer, offsets.Pointer, experts, outputs, inputs, accumulate: false);
                        break;
                    default:
                        GroupedMatMulKernel.Tn(workers, y.Pointer, x.Pointer, weight.Pointer, offsets.Pointer, experts, outputs, inputs, accumulate: false);
                        break;
                }
            },
            seconds: SecondsEach);
        return 2.0 * rows * outputs * inputs / seconds / 1e9;
    }

    /// <summary>The same count of rows for every expert.</summary>
    public static int[] EvenLoad(int experts, int rows)
    {
        int[] load = new int[experts];
        Array.Fill(load, rows / experts);
        load[0] += rows % experts;
        return load;
    }

    /// <summary>Rows proportional to 1/rank, the ranks spread over the experts, largest remainders first.</summary>
    public static int[] ZipfLoad(int experts, int rows)
    {
        double harmonic = Enumerable.Range(1, experts).Sum(rank => 1.0 / rank);
        int[] byRank = new int[experts];
        for (int rank = 0; rank < experts; rank++)
        {
            byRank[rank] = (int)(rows / (harmonic * (rank + 1)));
        }

        for (int rank = 0, missing = rows - byRank.Sum(); missing > 0; rank = (rank + 1) % experts, missing--)
        {
            byRank[rank]++;
        }

        int[] load = new int[experts];
        int step = Enumerable.Range(experts / 3 + 1, experts).First(s => Gcd(s, experts) == 1);
        for (int rank = 0; rank < experts; rank++)
        {
            load[(int)((long)rank * step % experts)] = byRank[rank];
        }

        return load;
    }

    private static int Gcd(int a, int b) => b == 0 ? a : Gcd(b, a % b);

    private static Tensor Normal(TensorShape shape)
    {
        Tensor tensor = Tensor.Uninitialized(shape);
        new Rng(1).FillNormal(tensor.Span, 1);
        return tensor;
    }

    private static BenchResult Result(string name, double value, int threads, MachinePeaks peaks) =>
        new(name, value, "GFLOP/s", $"float32Gflops.t{threads}", value / peaks.Float32Gflops.For(threads));
}
