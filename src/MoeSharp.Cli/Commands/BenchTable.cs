using System.Globalization;
using System.Text;
using System.Text.Json;

namespace MoeSharp.Cli.Commands;

/// <summary><c>moe bench --table FOLDER</c>: the JSON files that <c>moe bench --json</c> wrote about models, as the Markdown table of <c>docs/numbers.md</c>.</summary>
internal static class BenchTable
{
    private const string Missing = "–";

    /// <summary>Reads all files of a folder; those of other measurements are passed over.</summary>
    /// <exception cref="UsageException">There is no such folder, or no measurement of a model in it.</exception>
    public static string Read(string folder)
    {
        string[] files = Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder, "*.json").Order(StringComparer.Ordinal)] : [];
        var rows = new StringBuilder();
        var machines = new StringBuilder();
        foreach (string file in files)
        {
            JsonElement root = Parse(file);
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("models", out JsonElement models) || !root.TryGetProperty("machine", out JsonElement machine))
            {
                continue;
            }

            foreach (JsonElement model in models.EnumerateArray())
            {
                rows.Append(Row(root, model));
            }

            string peaks = Text($"{Path.GetFileName(file)}: memory {Pair(machine, "bandwidthGBs")} GB/s, float32 {Pair(machine, "float32Gflops")} GFLOP/s, int8 {Pair(machine, "int8Gops")} GOP/s ({machine.GetProperty("int8Instructions").GetString()}), vectors of {machine.GetProperty("laneWidth").GetInt32()} bits.\n");
            machines.Append("* ").Append(peaks);
        }

        return rows.Length == 0
            ? throw new UsageException($"--table: '{folder}' has no measurement of a model. Write one with moe bench --shape NAME --json.")
            : "| model | layers | type | prefill, tokens/s | of int8 peak | decode, tokens/s | of bandwidth | depth 4096, tokens/s | × floor | batch of 8, tokens/s | of bandwidth | load, s | resident | tokenize, MB/s | quantize, MB/s | 256 / 8 experts |\n"
                + "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n" + rows + "\nPeaks of each run, one / two threads:\n" + machines;
    }

    private static string Row(JsonElement root, JsonElement model)
    {
        string type = model.GetProperty("type").GetString()!;
        string name = root.GetProperty("shape").GetString() is { } shape ? $"`{shape}`" : Path.GetFileName(root.GetProperty("file").GetString()!);
        JsonElement[] results = [.. root.GetProperty("results").EnumerateArray().Where(result => result.GetProperty("type").GetString() == type)];

        string Of(string start, string field)
        {
            foreach (JsonElement result in results)
            {
                if (result.GetProperty("name").GetString()!.StartsWith(start, StringComparison.Ordinal)
                    && (start.Contains('.', StringComparison.Ordinal) || !result.GetProperty("name").GetString()!.Contains('.', StringComparison.Ordinal))
                    && result.TryGetProperty(field, out JsonElement value) && value.ValueKind == JsonValueKind.Number)
                {
                    double number = value.GetDouble();
                    bool isShare = field is "share" or "residentShare" or "extraOverFloor" || start == "sparsity";
                    return number.ToString(isShare ? "F2" : number >= 100 ? "F0" : "G3", CultureInfo.InvariantCulture);
                }
            }

            return Missing;
        }

        return $"| {name} | {root.GetProperty("layers").GetInt32()} | {type} | {Of("prefill", "value")} | {Of("prefill", "share")} | {Of("decode", "value")} | {Of("decode", "share")} "
            + $"| {Of("decode.depth", "value")} | {Of("decode.depth", "extraOverFloor")} | {Of("decode.batch", "value")} | {Of("decode.batch", "share")} "
            + $"| {Of("load", "value")} | {Of("load", "residentShare")} | {Of("tokenize", "value")} | {Of("quantize", "value")} | {Of("sparsity", "value")} |\n";
    }

    private static JsonElement Parse(string file)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
            return document.RootElement.Clone();
        }
        catch (JsonException fault)
        {
            throw new InvalidDataException($"{file}: is no JSON: {fault.Message}", fault);
        }
    }

    private static string Pair(JsonElement machine, string name) =>
        Text($"{machine.GetProperty(name).GetProperty("t1").GetDouble():G3} / {machine.GetProperty(name).GetProperty("t2").GetDouble():G3}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
