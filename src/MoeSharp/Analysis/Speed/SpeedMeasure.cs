using MoeSharp.Tensors.Measurement;

namespace MoeSharp.Analysis.Speed;

/// <summary>One measured speed of a model, and the peak of the machine it is a share of.</summary>
public sealed record SpeedMeasure
{
    /// <summary>What was measured, as <c>decode.depth4096</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The unit of <see cref="Values"/>, as <c>tokens/s</c>.</summary>
    public required string Unit { get; init; }

    /// <summary>One value a run, in the order of the runs.</summary>
    public required IReadOnlyList<double> Values { get; init; }

    /// <summary>The peak by its place in the machine's facts, as <c>bandwidthGBs.t2</c>; null where there is none to compare with.</summary>
    public string? Peak { get; init; }

    /// <summary>The median run in the unit of the peak: GB/s or GOP/s.</summary>
    public double Rate { get; init; }

    /// <summary>Operations a second, in units of 10⁹; null where operations say nothing.</summary>
    public double? Gops { get; init; }

    /// <summary>Operations for each byte that must be read; null where operations say nothing.</summary>
    public double? OperationsPerByte { get; init; }

    /// <summary>What was predicted for <see cref="Value"/> before the run; null for no prediction.</summary>
    public double? Predicted { get; init; }

    /// <summary>Further figures by name, as <c>bytesPerToken</c>.</summary>
    public IReadOnlyDictionary<string, double> Facts { get; init; } = new Dictionary<string, double>();

    /// <summary>The median run.</summary>
    public double Value => MedianOf(Values);

    /// <summary>The least of all runs.</summary>
    public double Minimum => Values.Min();

    /// <summary>The most of all runs.</summary>
    public double Maximum => Values.Max();

    /// <summary>The median run as a share of its peak; null where there is none.</summary>
    public double? ShareOf(MachinePeaks peaks) => Peak is null ? null : Rate / PeakOf(peaks, Peak);

    /// <summary>A peak by its place in the machine's facts.</summary>
    /// <param name="peaks">The machine.</param>
    /// <param name="name">As <c>float32Gflops.t1</c>.</param>
    public static double PeakOf(MachinePeaks peaks, string name)
    {
        PeakPair pair = name.Split('.')[0] switch
        {
            "bandwidthGBs" => peaks.BandwidthGBs,
            "int8Gops" => peaks.Int8Gops,
            _ => peaks.Float32Gflops,
        };
        return name.EndsWith("t1", StringComparison.Ordinal) ? pair.T1 : pair.T2;
    }

    /// <summary>The middle value; the mean of both where there are two.</summary>
    /// <exception cref="InvalidOperationException">There are none.</exception>
    public static double MedianOf(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0
            ? throw new InvalidOperationException("median: there are no values.")
            : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
