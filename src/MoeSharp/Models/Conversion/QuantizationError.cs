namespace MoeSharp.Models.Conversion;

/// <summary>How far stored numbers are from those they stand for.</summary>
/// <param name="SquaredError">Σ (x − stored)².</param>
/// <param name="SquaredSize">Σ x².</param>
public readonly record struct QuantizationError(double SquaredError, double SquaredSize)
{
    /// <summary>√(Σ (x − stored)² / Σ x²); 0 for zeros.</summary>
    public double Relative => SquaredSize == 0 ? 0 : Math.Sqrt(SquaredError / SquaredSize);

    /// <summary>Both together.</summary>
    public static QuantizationError operator +(QuantizationError left, QuantizationError right) =>
        new(left.SquaredError + right.SquaredError, left.SquaredSize + right.SquaredSize);

    /// <summary>Both together.</summary>
    public static QuantizationError Add(QuantizationError left, QuantizationError right) => left + right;
}
