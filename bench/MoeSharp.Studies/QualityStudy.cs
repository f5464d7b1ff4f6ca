using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace MoeSharp.Studies;

/// <summary>Gathers what bench/quality.sh measured into one file a model, and prints the tables of docs/quality.md.</summary>
/// <remarks>Reads <c>NAME.TYPE.size.json</c> (moe quantize) and <c>NAME.TYPE.exact.json</c>, <c>.codes.json</c> and <c>.weighted.json</c> (moe diff).</remarks>
internal static class QualityStudy
{
    private static readonly string[] s_kept =
    [
        "meanDivergence", "divergenceError", "medianDivergence", "divergence99", "sameTop", "windowDivergences",
    ];

    public static void Run(string raw, string to, string[] names, TextWriter output)
    {
        foreach (string name in names)
        {
            var rows = new List<QualityRow>();
            foreach (string path in Directory.EnumerateFiles(raw, name + "*.exact.json").Order(StringComparer.Ordinal))
            {
                rows.Add(QualityRow.Read(path[..^".exact.json".Length]));
            }

            rows.Sort((left, right) => right.Bits.CompareTo(left.Bits));
            QualityRow? source = File.Exists(Path.Combine(raw, name + ".source.json")) ? QualityRow.ReadSource(Path.Combine(raw, name + ".source.json")) : null;
            var document = new JsonObject { ["model"] = name, ["results"] = new JsonArray([.. rows.Prepend(source).OfType<QualityRow>().Select(Json)]) };
            File.WriteAllText(Path.Combine(to, name + ".json"), document.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
            WriteTables(name, source, rows, output);
        }
    }

    private static JsonObject Json(QualityRow row)
    {
        var json = new JsonObject { ["model"] = row.Model, ["type"] = row.Type, ["bitsPerParameter"] = row.Bits, ["storedAs"] = row.StoredAs };
        foreach ((string kind, JsonElement? measured) in new[] { ("exact", row.Exact), ("codes", row.Codes), ("calibrated", row.Weighted) })
        {
            if (measured is { } found)
            {
                json[kind] = Compact(found);
            }
        }

        return json;
    }

    private static JsonObject Compact(JsonElement diff)
    {
        var json = new JsonObject { ["tokens"] = diff.GetProperty("tokens").GetInt64() };
        json["perplexityOfReference"] = diff.GetProperty("first").GetProperty("perplexity").GetDouble();
        json["perplexity"] = diff.GetProperty("second").GetProperty("perplexity").GetDouble();
        foreach (string field in s_kept)
        {
            json[field] = JsonNode.Parse(diff.GetProperty(field).GetRawText());
        }

        json["sameExperts"] = new JsonArray([.. diff.GetProperty("experts").EnumerateArray().Select(layer => (JsonNode)layer.GetProperty("overlap").GetDouble())]);
        return json;
    }

    private static void WriteTables(string name, QualityRow? source, List<QualityRow> rows, TextWriter output)
    {
        JsonElement any = rows[0].Exact!.Value;
        bool hasExperts = any.GetProperty("experts").GetArrayLength() > 0;
        output.WriteLine(Text($"{name}: {any.GetProperty("tokens").GetInt64():N0} tokens; perplexity of the reference {Perplexity(any, "first"):F3}"));
        output.WriteLine();
        string routing = hasExperts ? " choices shared |" : "";
        output.WriteLine($"| format | bits | KL divergence | same top-1 |{routing} perplexity | 8-bit activations: KL | same top-1 |{routing} perplexity |");
        output.WriteLine("|---|---|---|---|---|---|---|---|" + (hasExperts ? "---|---|" : ""));
        foreach (QualityRow row in rows.Prepend(source).OfType<QualityRow>())
        {
            output.WriteLine(Text($"| {row.Type} | {row.Bits:F2} | {Cells(row.Exact, hasExperts)} | {Cells(row.Codes, hasExperts)} |"));
        }

        output.WriteLine();
        output.WriteLine("| format | bits | KL without | with calibration | ratio of means | of medians |");
        output.WriteLine("|---|---|---|---|---|---|");
        foreach (QualityRow row in rows)
        {
            if (row is { Exact: { } plain, Weighted: { } weighted })
            {
                (double ratio, double error) = row.Gain;
                output.WriteLine(Text(
                    $"| {row.Type} | {row.Bits:F2} | {Number(plain, "meanDivergence"):0.00E+0} | {Number(weighted, "meanDivergence"):0.00E+0} | {ratio:F3} ± {error:F3} | {Number(weighted, "medianDivergence") / Number(plain, "medianDivergence"):F3} |"));
            }
        }

        output.WriteLine();
    }

    private static string Cells(JsonElement? diff, bool hasExperts)
    {
        if (diff is not { } found)
        {
            return "–" + string.Concat(Enumerable.Repeat(" | –", hasExperts ? 3 : 2));
        }

        double[] shared = [.. found.GetProperty("experts").EnumerateArray().Select(layer => layer.GetProperty("overlap").GetDouble())];
        string routing = hasExperts ? Text($" | {100 * shared.Average():F1} %") : "";
        return Text($"{Number(found, "meanDivergence"):0.00E+0} ± {Number(found, "divergenceError"):0.0E+0} | {100 * Number(found, "sameTop"):F1} %{routing} | {Perplexity(found, "second"):F3}");
    }

    private static double Perplexity(JsonElement diff, string which) => diff.GetProperty(which).GetProperty("perplexity").GetDouble();

    private static double Number(JsonElement diff, string field) => diff.GetProperty(field).GetDouble();

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
