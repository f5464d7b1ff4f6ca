using System.Text.Json;

namespace MoeSharp.Tensors.Tests.Golden.Numerics;

/// <summary>One file of <c>Golden/Data/numerics</c>: its cases by name, its arrays as tensors, and the comparison with a report of the worst element.</summary>
internal sealed class NumericsFile(string name)
{
    private readonly JsonDocument _file = JsonDocument.Parse(
        File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Golden", "Data", "numerics", name)));

    public IEnumerable<string> Names => Cases.Select(golden => golden.GetProperty("name").GetString()!);

    private IEnumerable<JsonElement> Cases => _file.RootElement.GetProperty("cases").EnumerateArray();

    public JsonElement this[string name] => Cases.Single(golden => golden.GetProperty("name").GetString() == name);

    /// <summary>A vector or a matrix.</summary>
    public static Tensor Read(JsonElement array)
    {
        JsonElement[] rows = [.. array.EnumerateArray()];
        if (rows[0].ValueKind != JsonValueKind.Array)
        {
            return Tensor.From(Floats(array), new(rows.Length));
        }

        float[] all = [.. rows.SelectMany(Floats)];
        return Tensor.From(all, new(rows.Length, all.Length / rows.Length));
    }

    public static float[] Floats(JsonElement array) => [.. array.EnumerateArray().Select(value => value.GetSingle())];

    public static double Number(JsonElement parameters, string name, double otherwise) =>
        parameters.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : otherwise;

    public static void ShouldBeClose(string what, ReadOnlySpan<float> actual, ReadOnlySpan<float> expected, double relative, double absolute)
    {
        actual.Length.ShouldBe(expected.Length, what);
        for (int i = 0; i < actual.Length; i++)
        {
            double limit = (relative * Math.Abs(expected[i])) + absolute;
            (Math.Abs((double)actual[i] - expected[i]) <= limit).ShouldBeTrue($"{what}[{i}]: got {actual[i]:R}, expected {expected[i]:R}");
        }
    }
}
