namespace MoeSharp.Tensors.Measurement;

/// <summary>A peak with one thread and with two.</summary>
/// <param name="T1">With one thread.</param>
/// <param name="T2">With two threads.</param>
public readonly record struct PeakPair(double T1, double T2)
{
    /// <summary>The larger of each.</summary>
    public PeakPair Max(PeakPair other) => new(Math.Max(T1, other.T1), Math.Max(T2, other.T2));

    /// <summary>The one for a thread count: that of one thread, or of two for more.</summary>
    public double For(int threads) => threads <= 1 ? T1 : T2;
}
