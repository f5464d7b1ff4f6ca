namespace MoeSharp.Training.Monitoring;

/// <summary>How evenly the experts of one layer were used in one step: the truth, measured, whatever the losses say.</summary>
/// <param name="Layer">Number of the layer.</param>
/// <param name="ExpertCount">E.</param>
/// <param name="MaxVio">Largest load / mean load − 1 over choices before drops: 0 when even, E/K − 1 when K experts take everything.</param>
/// <param name="DeadExperts">Experts that were chosen by no token of the step.</param>
/// <param name="LoadEntropy">Entropy of the load divided by ln E: 1 when even, 0 when one expert takes everything.</param>
/// <param name="DropRate">Share of the choices that no expert served.</param>
/// <param name="MeanTop1">Mean over the tokens of the largest score, each token's scores divided by their sum; NaN without scores.</param>
/// <remarks>Source of MaxVio: Wang et al. 2024, arXiv:2408.15664, equation 4.</remarks>
public readonly record struct LayerBalance(
    int Layer, int ExpertCount, double MaxVio, int DeadExperts, double LoadEntropy, double DropRate, double MeanTop1)
{
    /// <summary>From counted loads.</summary>
    /// <param name="layer">Number of the layer.</param>
    /// <param name="load">Choices of every expert [E], before drops.</param>
    /// <param name="dropped">Choices that no expert served.</param>
    /// <param name="topSum">Sum over the tokens of the largest share of score.</param>
    /// <param name="topCount">Tokens in that sum.</param>
    public static LayerBalance From(int layer, ReadOnlySpan<long> load, long dropped, double topSum, long topCount)
    {
        long total = 0, largest = 0;
        int dead = 0;
        foreach (long count in load)
        {
            total += count;
            largest = Math.Max(largest, count);
            dead += count == 0 ? 1 : 0;
        }

        double top = topCount == 0 ? double.NaN : topSum / topCount;
        if (total == 0)
        {
            return new LayerBalance(layer, load.Length, 0, dead, 0, 0, top);
        }

        double entropy = 0;
        foreach (long count in load)
        {
            double share = count / (double)total;
            entropy -= count == 0 ? 0 : share * Math.Log(share);
        }

        return new LayerBalance(
            layer,
            load.Length,
            (largest * (double)load.Length / total) - 1,
            dead,
            load.Length == 1 ? 1 : entropy / Math.Log(load.Length),
            dropped / (double)total,
            top);
    }
}
