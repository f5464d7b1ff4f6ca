using System.Globalization;
using System.IO.Compression;
using System.Text.Json;

namespace MoeSharp.Tests.Golden.Routers;

/// <summary>One case of one file of the router references.</summary>
public sealed class GoldenCase(string file, JsonElement json)
{
    private static readonly Lazy<Dictionary<string, GoldenCase>> s_all = new(Load);

    public static IReadOnlyDictionary<string, GoldenCase> All => s_all.Value;

    public string File { get; } = file;

    public string Name { get; } = json.GetProperty("name").GetString()!;

    public string Function { get; } = json.TryGetProperty("function", out JsonElement f) && f.ValueKind == JsonValueKind.String ? f.GetString()! : "";

    public JsonElement Json { get; } = json;

    public override string ToString() => $"{File}/{Name}";

    public bool Has(string path) => Find(path) is { ValueKind: not JsonValueKind.Null and not JsonValueKind.Undefined };

    public JsonElement Get(string path) => Find(path) ?? throw new KeyNotFoundException($"{this}: no '{path}'");

    public int Int(string path) => Get(path).GetInt32();

    public int Int(string path, int missing) => Has(path) ? Int(path) : missing;

    public double Double(string path) => Get(path).GetDouble();

    public double Double(string path, double missing) => Has(path) ? Double(path) : missing;

    public float Float(string path) => (float)Double(path);

    public bool Bool(string path, bool missing = false) => Has(path) ? Get(path).GetBoolean() : missing;

    public string Text(string path, string missing = "") => Has(path) ? Get(path).GetString()! : missing;

    public float[] Floats(string path) => [.. Flatten(Get(path))];

    public int[] Ints(string path) => [.. Flatten(Get(path)).Select(value => (int)value)];

    /// <summary>Sizes of a nested array.</summary>
    public int[] Shape(string path)
    {
        var shape = new List<int>();
        for (JsonElement e = Get(path); e.ValueKind == JsonValueKind.Array; e = e[0])
        {
            shape.Add(e.GetArrayLength());
        }

        return [.. shape];
    }

    public static IEnumerable<float> Flatten(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Flatten),
        JsonValueKind.Object => element.EnumerateObject().SelectMany(member => Flatten(member.Value)),
        JsonValueKind.String => [float.TryParse(element.GetString(), CultureInfo.InvariantCulture, out float number) ? number : float.NaN],
        JsonValueKind.Null => [float.NaN],
        JsonValueKind.True => [1],
        JsonValueKind.False => [0],
        _ => [(float)element.GetDouble()],
    };

    private static Dictionary<string, GoldenCase> Load()
    {
        var all = new Dictionary<string, GoldenCase>();
        string folder = Path.Combine(AppContext.BaseDirectory, "Golden", "Data", "routers");
        foreach (string path in Directory.GetFiles(folder, "*.json.gz").Order(StringComparer.Ordinal))
        {
            using var stream = new GZipStream(System.IO.File.OpenRead(path), CompressionMode.Decompress);
            string file = Path.GetFileName(path).Replace(".json.gz", "", StringComparison.Ordinal);
            foreach (JsonElement json in JsonDocument.Parse(stream).RootElement.GetProperty("cases").EnumerateArray())
            {
                var one = new GoldenCase(file, json);
                all.Add(one.ToString(), one);
            }
        }

        return all;
    }

    private JsonElement? Find(string path)
    {
        JsonElement at = Json;
        foreach (string key in path.Split('/'))
        {
            if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(key, out JsonElement next))
            {
                return null;
            }

            at = next;
        }

        return at;
    }
}
