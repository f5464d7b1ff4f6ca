using System.Globalization;
using System.Text;
using System.Text.Json;

namespace MoeSharp.Against;

/// <summary>Ratios of two engines with their spread.</summary>
/// <param name="Task">What both did in a turn.</param>
/// <param name="Program">The other engine.</param>
/// <param name="Rounds">Speeds of each round.</param>
internal sealed record MatchReport(EngineTask Task, string Program, IReadOnlyList<(EngineSpeed Ours, EngineSpeed Theirs)> Rounds)
{
    /// <summary>For a person.</summary>
    public string ToText()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Path.GetFileName(Task.File)}, {Task.Threads} threads, {Rounds.Count} rounds; MoeSharp / {Program} ({Rounds[^1].Theirs.Build})\n");
        foreach ((string name, Spread ours, Spread theirs, Spread ratio) in Lines())
        {
            text.Append(CultureInfo.InvariantCulture,
                $"{name,-8} {ours.Median,8:F2} / {theirs.Median,8:F2} tokens/s   ratio {ratio.Median:F3} (least {ratio.Minimum:F3}, most {ratio.Maximum:F3})\n");
        }

        return text.ToString();
    }

    /// <summary>One document: what was run, all rounds, and medians with least and most.</summary>
    public string ToJson()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("file", Task.File);
            json.WriteString("program", Program);
            json.WriteString("build", Rounds[^1].Theirs.Build);
            json.WriteNumber("threads", Task.Threads);
            json.WriteNumber("prompt", Task.Prompt);
            json.WriteNumber("generate", Task.Generate);
            json.WriteStartArray("results");
            foreach ((string name, Spread ours, Spread theirs, Spread ratio) in Lines())
            {
                json.WriteStartObject();
                json.WriteString("name", name);
                Write(json, "ours", ours);
                Write(json, "theirs", theirs);
                Write(json, "ratio", ratio);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    // The ratio of each round by itself: what drifts between rounds does not enter.
    private IEnumerable<(string Name, Spread Ours, Spread Theirs, Spread Ratio)> Lines()
    {
        foreach ((string name, Func<EngineSpeed, double> of) in
            (IEnumerable<(string, Func<EngineSpeed, double>)>)[("prefill", speed => speed.Prefill), ("decode", speed => speed.Decode)])
        {
            yield return (
                name, Spread.Of(Rounds.Select(round => of(round.Ours))), Spread.Of(Rounds.Select(round => of(round.Theirs))),
                Spread.Of(Rounds.Select(round => of(round.Ours) / of(round.Theirs))));
        }
    }

    private static void Write(Utf8JsonWriter json, string name, Spread spread)
    {
        json.WriteStartObject(name);
        json.WriteNumber("median", spread.Median);
        json.WriteNumber("minimum", spread.Minimum);
        json.WriteNumber("maximum", spread.Maximum);
        json.WriteStartArray("rounds");
        foreach (double value in spread.Values)
        {
            json.WriteNumberValue(value);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
