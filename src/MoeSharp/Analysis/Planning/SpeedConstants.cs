using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Analysis.Planning;

/// <summary>The fitted constants of <see cref="SpeedModel"/>. <c>bench/fit.sh</c> measures and computes them.</summary>
/// <param name="MemoryShare">η: part of the memory's bandwidth that reading weights reaches.</param>
/// <param name="CostOf">What products with each format cost.</param>
internal sealed record SpeedConstants(double MemoryShare, Func<BlockFormat, FormatCost> CostOf)
{
    private const double FittedMemoryShare = 0.85;

    /// <summary>Those that predictions are made with.</summary>
    /// <param name="isExact">True where block formats are dequantised and multiplied in float32.</param>
    public static SpeedConstants Of(bool isExact) => new(FittedMemoryShare, format => FormatCost.Of(format, isExact));
}
