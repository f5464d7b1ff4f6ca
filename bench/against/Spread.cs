namespace MoeSharp.Against;

/// <summary>Some values, and their middle and ends.</summary>
/// <param name="Values">In the order of the rounds.</param>
/// <param name="Minimum">The least.</param>
/// <param name="Median">The middle one; the mean of both where there are two.</param>
/// <param name="Maximum">The most.</param>
internal sealed record Spread(IReadOnlyList<double> Values, double Minimum, double Median, double Maximum)
{
    /// <summary>Sorts some values, at least one.</summary>
    public static Spread Of(IEnumerable<double> values)
    {
        double[] all = [.. values], sorted = [.. all.Order()];
        return new Spread(all, sorted[0], (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2, sorted[^1]);
    }
}
