using MoeSharp.Tensors.Kernels;
using MoeSharp.Tensors.Kernels.Peaks;

namespace MoeSharp.Tensors.Measurement;

/// <summary>What this machine can do at best, measured now: the yardstick that every speed is divided by.</summary>
/// <remarks>
/// <para>A shared machine drifts from minute to minute, so peaks are taken before and after the results they stand beside,
/// and the larger counts (<see cref="Max"/>).</para>
/// <para>Takes about two seconds and, for a moment, 1 GiB.</para>
/// </remarks>
public sealed class MachinePeaks
{
    private const int Runs = 5;
    private const long ReadLength = 1L << 28;  // floats: 1 GiB
    private const int ReadPart = 1 << 20;      // floats an item: 4 MiB
    private const long ComputeSteps = 4_000_000;
    private const int ComputeItems = 2;        // one a thread, the same in every run

    /// <summary>The processor's name, as the system gives it.</summary>
    public required string Cpu { get; init; }

    /// <summary>Processors that the process may use.</summary>
    public required int ProcessorCount { get; init; }

    /// <summary>Width of vectors in bits; 0 when kernels run scalar.</summary>
    public required int LaneWidth { get; init; }

    /// <summary>Memory reads in GB/s (10⁹ bytes).</summary>
    public required PeakPair BandwidthGBs { get; init; }

    /// <summary>Float32 multiply-adds in GFLOP/s, two a multiply-add.</summary>
    public required PeakPair Float32Gflops { get; init; }

    /// <summary>Products of bytes summed in 32 bits, in GOP/s, two a product.</summary>
    public required PeakPair Int8Gops { get; init; }

    /// <summary>The instructions of the int8 measurement.</summary>
    public required string Int8Instructions { get; init; }

    /// <summary>Measures all peaks, best of five.</summary>
    public static MachinePeaks Measure() => Measure(processorTime: false);

    /// <summary>Measures all peaks, best of five.</summary>
    /// <param name="processorTime">True to count the processor's time with one thread (<see cref="BestTime.Of"/>).</param>
    public static MachinePeaks Measure(bool processorTime)
    {
        using var one = new Workers(1);
        using var two = new Workers(2);
        var float32 = new PeakPair(Compute(one, bytes: false, processorTime), Compute(two, bytes: false));
        var int8 = new PeakPair(Compute(one, bytes: true, processorTime), Compute(two, bytes: true));
        Tensor memory = Tensor.Uninitialized(new TensorShape(ReadLength));
        memory.Fill(1); // maps the pages
        return new MachinePeaks
        {
            Cpu = CpuName.Read(),
            ProcessorCount = Environment.ProcessorCount,
            LaneWidth = Simd.Width,
            BandwidthGBs = new PeakPair(Read(one, memory, processorTime), Read(two, memory)),
            Float32Gflops = float32,
            Int8Gops = int8,
            Int8Instructions = ByteDotPeakKernel.Instructions,
        };
    }

    /// <summary>The float32 peak alone, in GFLOP/s: quick enough to take beside every result.</summary>
    public static double MeasureFloat32(Workers workers) => Compute(workers, bytes: false);

    /// <summary>The larger of both in every place.</summary>
    public MachinePeaks Max(MachinePeaks other) => new()
    {
        Cpu = Cpu,
        ProcessorCount = ProcessorCount,
        LaneWidth = LaneWidth,
        BandwidthGBs = BandwidthGBs.Max(other.BandwidthGBs),
        Float32Gflops = Float32Gflops.Max(other.Float32Gflops),
        Int8Gops = Int8Gops.Max(other.Int8Gops),
        Int8Instructions = Int8Instructions,
    };

    private static double Compute(Workers workers, bool bytes, bool processorTime = false)
    {
        var work = new ComputeWork(new double[2 * ComputeItems], bytes);
        double seconds = BestTime.Of(() => workers.Run(ComputeItems, work), Runs, processorTime: processorTime);
        return work.Operations / seconds / 1e9;
    }

    private static double Read(Workers workers, Tensor memory, bool processorTime = false)
    {
        var work = new ReadWork(memory, new float[ReadLength / ReadPart]);
        double seconds = BestTime.Of(() => workers.Run((int)(ReadLength / ReadPart), work), Runs, processorTime: processorTime);
        return ReadLength * sizeof(float) / seconds / 1e9;
    }

    private readonly struct ComputeWork(double[] results, bool bytes) : IWork
    {
        public double Operations => results[0] + results[1];

        public void Run(int item, int worker)
        {
            if (bytes)
            {
                results[item] = ByteDotPeakKernel.Run(ComputeSteps, out int sum);
                results[ComputeItems + item] = sum;
            }
            else
            {
                results[item] = MultiplyAddPeakKernel.Run(ComputeSteps, out float sum);
                results[ComputeItems + item] = sum;
            }
        }
    }

    private readonly unsafe struct ReadWork(Tensor memory, float[] results) : IWork
    {
        public void Run(int item, int worker) =>
            results[item] = ReadPeakKernel.Run(memory.Pointer + ((long)item * ReadPart), ReadPart);
    }
}
