using System.Text.Json;

namespace MoeSharp.Studies;

/// <summary>A model in one format, as it was measured.</summary>
/// <param name="Model">The model.</param>
/// <param name="Type">The format that was asked for.</param>
/// <param name="Bits">A parameter, all tensors together.</param>
/// <param name="StoredAs">The formats that its matrices really have.</param>
/// <param name="Exact">The comparison with products in float32.</param>
/// <param name="Codes">The comparison with activations of 8 bits.</param>
/// <param name="Weighted">The comparison of the calibrated model, products in float32.</param>
internal sealed record QualityRow(string Model, string Type, double Bits, string StoredAs, JsonElement? Exact, JsonElement? Codes, JsonElement? Weighted)
{
    /// <summary>Divergence with calibration over divergence without, and its standard error over the windows of the text, which both read.</summary>
    public (double Ratio, double Error) Gain
    {
        get
        {
            double[] plain = Windows(Exact!.Value), weighted = Windows(Weighted!.Value);
            double ratio = weighted.Average() / plain.Average();
            double squares = plain.Zip(weighted, (p, w) => (w - (ratio * p)) * (w - (ratio * p))).Sum();
            return (Weighted!.Value.GetProperty("meanDivergence").GetDouble() / Exact!.Value.GetProperty("meanDivergence").GetDouble(),
                Math.Sqrt(squares / (plain.Length - 1) / plain.Length) / plain.Average());
        }
    }

    /// <summary>Reads the files <c>PREFIX.size.json</c>, <c>.exact.json</c>, <c>.codes.json</c> and <c>.weighted.json</c>.</summary>
    public static QualityRow Read(string prefix)
    {
        string[] name = Path.GetFileName(prefix).Split('.');
        JsonElement size = Parse(prefix + ".size.json")!.Value.GetProperty("all");
        return new QualityRow(
            name[0], name[1], size.GetProperty("bitsPerParameter").GetDouble(),
            string.Join(", ", size.GetProperty("types").EnumerateArray().Select(type => type.GetString()).Where(type => type != "F32")),
            Parse(prefix + ".exact.json"), Parse(prefix + ".codes.json"), Parse(prefix + ".weighted.json"));
    }

    /// <summary>The source against itself: what 8-bit activations alone cost.</summary>
    public static QualityRow ReadSource(string path) =>
        new(Path.GetFileName(path).Split('.')[0], "source", double.NaN, "as published", null, Parse(path), null);

    private static double[] Windows(JsonElement diff) => [.. diff.GetProperty("windowDivergences").EnumerateArray().Select(window => window.GetDouble())];

    private static JsonElement? Parse(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        return document.RootElement.Clone();
    }
}
