using MoeSharp.Tensors.Measurement;

namespace MoeSharp.Analysis.Planning;

/// <summary>What a machine can do at best: all that a prediction knows of it.</summary>
/// <param name="BandwidthGBs">Memory reads, 10⁹ bytes a second, with the threads that will run.</param>
/// <param name="Float32Gflops">Float32 multiply-adds, 10⁹ operations a second, two a multiply-add.</param>
public sealed record MachineSpeed(double BandwidthGBs, double Float32Gflops)
{
    /// <summary>Measured peaks for a count of threads; compute of more than two is that of two, multiplied.</summary>
    public static MachineSpeed From(MachinePeaks peaks, int threads) =>
        new(peaks.BandwidthGBs.For(threads), peaks.Float32Gflops.For(threads) * Math.Max(1, threads / 2.0));
}
