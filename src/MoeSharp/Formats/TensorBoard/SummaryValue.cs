namespace MoeSharp.Formats.TensorBoard;

/// <summary>One named value of an event: exactly one of scalar, histogram and tensor is set.</summary>
/// <param name="Tag">Name of the series; a slash makes groups: <c>loss/train</c>.</param>
public sealed record SummaryValue(string Tag)
{
    /// <summary>A number.</summary>
    public float? Scalar { get; init; }

    /// <summary>A distribution.</summary>
    public SummaryHistogram? Histogram { get; init; }

    /// <summary>A text or a new-style scalar.</summary>
    public SummaryTensor? Tensor { get; init; }

    /// <summary>Which part of TensorBoard shows it, <c>text</c> or <c>scalars</c>; <see langword="null"/> for the old kinds.</summary>
    public string? Plugin { get; init; }
}
