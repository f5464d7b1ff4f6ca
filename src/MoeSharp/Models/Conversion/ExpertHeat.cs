using System.Text.Json;
using MoeSharp.Formats;

namespace MoeSharp.Models.Conversion;

/// <summary>How often each expert of each layer was visited: more bits where more tokens go, fewer where few go.</summary>
/// <remarks>In each layer the experts that together serve the first <see cref="HotShare"/> of all visits, busiest first, are hot (one step
/// more); those that together serve the last <see cref="ColdShare"/> are cold (one step fewer).</remarks>
public sealed class ExpertHeat
{
    private readonly Dictionary<int, long[]> _visits;

    private ExpertHeat(Dictionary<int, long[]> visits) => _visits = visits;

    /// <summary>Share of the visits that hot experts serve together.</summary>
    /// <value>0.5 by default.</value>
    public double HotShare { get; init; } = 0.5;

    /// <summary>Share of the visits that cold experts serve together, at most.</summary>
    /// <value>0.1 by default.</value>
    public double ColdShare { get; init; } = 0.1;

    /// <summary>Takes counts.</summary>
    /// <param name="visits">Visits of each expert, by layer.</param>
    public static ExpertHeat From(IReadOnlyDictionary<int, long[]> visits) => new(new Dictionary<int, long[]>(visits));

    /// <summary>Reads what <c>moe run --json</c> prints: <c>{"experts": [{"layer": 0, "counts": [5, 0, …]}, …]}</c>.</summary>
    /// <param name="json">UTF-8 text.</param>
    /// <param name="file">How to call it in messages.</param>
    /// <exception cref="ModelFormatException">It is not of this form.</exception>
    public static ExpertHeat Parse(ReadOnlyMemory<byte> json, string file)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            var visits = new Dictionary<int, long[]>();
            foreach (JsonElement layer in document.RootElement.GetProperty("experts").EnumerateArray())
            {
                long[] counts = [.. layer.GetProperty("counts").EnumerateArray().Select(count => count.GetInt64())];
                if (counts.Any(count => count < 0) || !visits.TryAdd(layer.GetProperty("layer").GetInt32(), counts))
                {
                    throw new FormatException("a layer stands twice, or a count is negative");
                }
            }

            return new ExpertHeat(visits);
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new ModelFormatException(file, "key 'experts'", null,
                $"is no routing trace: {fault.Message} Write one with moe run MODEL TEXT --json.", fault);
        }
    }

    /// <summary>For each expert of a layer +1 (hot), 0 or −1 (cold); null where the trace has nothing to say.</summary>
    /// <exception cref="ArgumentException">The trace is of another model.</exception>
    internal int[]? StepsOf(int layer, int expertCount)
    {
        if (!_visits.TryGetValue(layer, out long[]? visits) || visits.Sum() is not (> 0 and var all))
        {
            return null;
        }

        if (visits.Length != expertCount)
        {
            throw new ArgumentException($"trace: has {visits.Length} experts in layer {layer}, and the model {expertCount}. It belongs to another model.");
        }

        int[] steps = new int[expertCount];
        int[] byVisits = [.. Enumerable.Range(0, expertCount).OrderByDescending(expert => visits[expert])];
        long served = 0;
        foreach (int expert in byVisits)
        {
            if (served < HotShare * all)
            {
                steps[expert] = 1;
            }
            else if (all - served <= ColdShare * all)
            {
                steps[expert] = -1;
            }

            served += visits[expert];
        }

        return steps;
    }
}
