using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Analysis.Planning;

/// <summary>What products with weights of a format cost, as operations of the machine's float32 peak.</summary>
/// <param name="Unpack">Operations an element that is read, whatever the count of rows: unpacking and dequantising.</param>
/// <param name="Share">Part of the float32 peak that the multiplication itself reaches, with many rows.</param>
internal readonly record struct FormatCost(double Unpack, double Share)
{
    // Fitted on olmoe-1b-7b, four formats on mixtral-8l too, one thread at 512 bits; docs/numbers.md says what was left out.
    private static readonly Dictionary<string, FormatCost> s_costs = new(StringComparer.Ordinal)
    {
        ["F32"] = new(41, 0.55),
        ["BF16"] = new(46, 0.53),
        ["F16"] = new(52, 0.65),
        ["Q8_0"] = new(21, 0.46),
        ["Q4_0"] = new(55, 0.51),
        ["Q4_1"] = new(58, 0.27),
        ["Q5_0"] = new(60, 0.46),
        ["Q5_1"] = new(60, 0.225),
        ["Q2_K"] = new(55, 0.32),
        ["Q3_K"] = new(60, 0.43),
        ["Q4_K"] = new(35, 0.385),
        ["Q5_K"] = new(52, 0.385),
        ["Q6_K"] = new(57, 0.54),
        ["IQ4_NL"] = new(60, 0.36),
        ["IQ4_XS"] = new(43, 0.58),
        ["MXFP4"] = new(52, 0.54),
    };

    private static readonly FormatCost s_otherBlocks = new(55, 0.4);
    private static readonly FormatCost s_dequantized = new(60, 0.58);

    /// <summary>Weights in float32 that are not packed: routers.</summary>
    public static FormatCost Unpacked { get; } = new(4, 0.8);

    /// <summary>The cost of a format; of one that was not measured, that of its kind.</summary>
    /// <param name="format">The format.</param>
    /// <param name="isExact">True where block formats are dequantised and multiplied in float32.</param>
    public static FormatCost Of(BlockFormat format, bool isExact) =>
        !format.IsFloat && (isExact || format.CodeGroup == 0) ? s_dequantized : s_costs.GetValueOrDefault(format.Name, s_otherBlocks);
}
