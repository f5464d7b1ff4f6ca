namespace MoeSharp.Formats.TensorBoard;

/// <summary>A distribution as TensorBoard stores it: counts per bucket, and the moments of the values themselves.</summary>
/// <param name="Min">Smallest value.</param>
/// <param name="Max">Largest value.</param>
/// <param name="Count">How many values.</param>
/// <param name="Sum">Sum of the values.</param>
/// <param name="SumOfSquares">Sum of their squares.</param>
/// <param name="BucketLimits">Right edge of each bucket, rising.</param>
/// <param name="Buckets">Values in each bucket; as many as edges.</param>
public sealed record SummaryHistogram(
    double Min, double Max, double Count, double Sum, double SumOfSquares, IReadOnlyList<double> BucketLimits, IReadOnlyList<double> Buckets);
