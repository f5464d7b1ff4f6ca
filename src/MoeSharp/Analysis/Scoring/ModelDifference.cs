namespace MoeSharp.Analysis.Scoring;

/// <summary>How a second model differs from a first on one text.</summary>
/// <param name="First">How well the first predicts it.</param>
/// <param name="Second">How well the second predicts it.</param>
/// <param name="Divergences">Kullback–Leibler divergence Σ p·log(p / q) in nats after each token that predicts one that counts, p of the
/// first model and q of the second, smallest first.</param>
/// <param name="SameTop">Part of these places where both find the same token likeliest.</param>
/// <param name="ProbabilityChange">Root of the mean squared difference of the probabilities of the token that came.</param>
/// <param name="Experts">How the layers with experts that both have were routed; empty where they cannot be compared.</param>
public sealed record ModelDifference(
    ScoredText First,
    ScoredText Second,
    IReadOnlyList<double> Divergences,
    double SameTop,
    double ProbabilityChange,
    IReadOnlyList<ExpertAgreement> Experts)
{
    /// <summary>Mean divergence of each window of the text, in order. Places of a window depend on one another, windows hardly.</summary>
    public IReadOnlyList<double> WindowDivergences { get; init; } = [];

    /// <summary>Mean divergence, in nats.</summary>
    public double MeanDivergence => Divergences.Average();

    /// <summary>Experts that a token visits in the first model, mean over the layers that both have; 0 where they cannot be compared.</summary>
    public double FirstExpertsPerToken => Experts.Count == 0 ? 0 : Experts.Average(layer => layer.FirstPerToken);

    /// <summary>Experts that a token visits in the second model.</summary>
    public double SecondExpertsPerToken => Experts.Count == 0 ? 0 : Experts.Average(layer => layer.SecondPerToken);

    /// <summary>Standard error of the mean divergence, places taken as independent.</summary>
    public double DivergenceError
    {
        get
        {
            double mean = MeanDivergence;
            return Divergences.Count < 2 ? 0 : Math.Sqrt(Divergences.Sum(value => (value - mean) * (value - mean)) / (Divergences.Count - 1) / Divergences.Count);
        }
    }

    /// <summary>The divergence that a part of the places do not exceed.</summary>
    /// <param name="part">0 to 1.</param>
    public double Quantile(double part) => Divergences[(int)Math.Clamp(Math.Ceiling(part * Divergences.Count) - 1, 0, Divergences.Count - 1)];
}
