using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Analysis.Planning;

/// <summary>What products with weights of a format cost, as operations of the machine's float32 peak.</summary>
/// <param name="Unpack">Operations an element that is read, whatever the count of rows: unpacking and dequantising.</param>
/// <param name="Share">Part of the float32 peak that the multiplication itself reaches, with many rows.</param>
internal readonly record struct FormatCost(double Unpack, double Share)
{
    // Fitted on the shapes olmoe-1b-7b and mixtral-8l (docs/numbers.md); formats that were not measured take those of their kind.
    private static readonly Dictionary<string, FormatCost> s_costs = new(StringComparer.Ordinal)
    {
        ["F32"] = new(4, 0.8),
    };

    /// <summary>The cost of a format.</summary>
    /// <param name="format">The format.</param>
    /// <param name="isExact">True where block formats are dequantised and multiplied in float32.</param>
    public static FormatCost Of(BlockFormat format, bool isExact) =>
        s_costs.TryGetValue(format.Name, out FormatCost cost) ? cost : new FormatCost(50, 0.3);
}
