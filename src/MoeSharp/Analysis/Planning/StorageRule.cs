using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Analysis.Planning;

/// <summary>In which format a weight is kept when a model is stored in one format as far as possible.</summary>
public static class StorageRule
{
    // What rows of no whole blocks of 256 are kept in instead: the next format with blocks of 32 and no fewer bits.
    private static readonly Dictionary<string, string> s_instead = new(StringComparer.Ordinal)
    {
        ["Q2_K"] = "IQ4_NL",
        ["Q3_K"] = "IQ4_NL",
        ["IQ4_XS"] = "IQ4_NL",
        ["Q4_K"] = "Q5_0",
        ["Q5_K"] = "Q5_1",
        ["Q6_K"] = "Q8_0",
    };

    /// <summary>The format of a weight.</summary>
    /// <param name="weight">Routers, norms and biases stay F32.</param>
    /// <param name="wanted">The format that the model is stored in.</param>
    /// <returns>The format itself where rows are whole blocks of it, otherwise one of smaller blocks, at last F16.</returns>
    public static BlockFormat FormatOf(PlannedWeight weight, BlockFormat wanted)
    {
        if (!weight.CanPack)
        {
            return BlockFormats.F32;
        }

        long columns = weight.Shape.Columns;
        if (columns % wanted.BlockLength == 0)
        {
            return wanted;
        }

        return s_instead.TryGetValue(wanted.Name, out string? name) && BlockFormats.Find(name) is { } smaller && columns % smaller.BlockLength == 0
            ? smaller
            : BlockFormats.F16;
    }
}
