using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Models.Conversion;

/// <summary>Formats by rising bits, for a step up or down from one of them.</summary>
internal static class FormatLadder
{
    private static readonly string[] s_large = ["Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "Q8_0"];
    private static readonly string[] s_small = ["Q4_0", "Q5_0", "Q8_0"];

    // Where a format enters a ladder that it is not on itself.
    private static readonly Dictionary<string, string> s_entries = new(StringComparer.Ordinal)
    {
        ["IQ4_XS"] = "Q4_K",
        ["IQ4_NL"] = "Q4_0",
        ["MXFP4"] = "Q4_0",
        ["Q4_1"] = "Q4_0",
        ["Q5_1"] = "Q5_0",
    };

    /// <summary>The format some steps up (more bits) or down; at the ends the last one, floats stay.</summary>
    public static BlockFormat Step(BlockFormat format, int steps)
    {
        if (steps == 0 || format.IsFloat)
        {
            return format;
        }

        string name = s_entries.GetValueOrDefault(format.Name, format.Name);
        string[] ladder = Array.IndexOf(s_large, name) >= 0 && name != "Q8_0" ? s_large : s_small;
        int place = Math.Clamp(Array.IndexOf(ladder, name) + steps, 0, ladder.Length - 1);
        return BlockFormats.Find(ladder[place])!;
    }
}
