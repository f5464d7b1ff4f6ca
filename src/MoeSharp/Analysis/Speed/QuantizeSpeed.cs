using MoeSharp.Models.Conversion;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Measurement;
using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Analysis.Speed;

/// <summary>Measures how fast weights are stored in a format, as <c>moe quantize</c> does it.</summary>
public static class QuantizeSpeed
{
    private const int Columns = 2048;
    private const int Rows = 256;
    private const double EnoughSeconds = 0.2;

    /// <summary><c>quantize</c>: megabytes (10⁶ bytes) of float32 weights a second.</summary>
    /// <param name="format">A format that can be written.</param>
    /// <param name="workers">Threads.</param>
    /// <param name="options">How to measure; null for the defaults.</param>
    /// <param name="cancellation">Ends it between runs.</param>
    public static SpeedMeasure Measure(BlockFormat format, Workers workers, SpeedOptions? options = null, CancellationToken cancellation = default)
    {
        options ??= new SpeedOptions();
        Tensor values = Tensor.Uninitialized(new TensorShape(Rows, Columns));
        new Rng(9).FillNormal(values.Span, 0.02f);
        var quantizer = new RowQuantizer(workers);
        void Run() => quantizer.Run(format, values, 0, values.Length, Columns, ColumnImportance.None, out _);
        double once = BestTime.Of(Run, runs: 1);
        int passes = Math.Clamp((int)(EnoughSeconds / once), 1, 1000);
        double[] speeds = new double[options.Repeats];
        for (int i = 0; i < speeds.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            double seconds = BestTime.Once(
                () =>
                {
                    for (int pass = 0; pass < passes; pass++)
                    {
                        Run();
                    }
                },
                options.ProcessorTime);
            speeds[i] = passes * values.Length * sizeof(float) / 1e6 / seconds;
        }

        return new SpeedMeasure
        {
            Name = "quantize",
            Unit = "MB/s",
            Values = speeds,
            Peak = workers.Count == 1 ? "bandwidthGBs.t1" : "bandwidthGBs.t2",
            Rate = SpeedMeasure.MedianOf(speeds) / 1e3,
        };
    }
}
