namespace MoeSharp.Analysis.Speed;

/// <summary>A measurement in a <see cref="RooflineChart"/>.</summary>
/// <param name="Label">Its name.</param>
/// <param name="OperationsPerByte">Operations for each byte that must be read.</param>
/// <param name="Gops">Operations a second, in units of 10⁹.</param>
public sealed record RooflineDot(string Label, double OperationsPerByte, double Gops);
