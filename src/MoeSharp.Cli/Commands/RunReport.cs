using System.Diagnostics;
using System.Text;
using System.Text.Json;
using MoeSharp.Analysis;
using MoeSharp.Inference;

namespace MoeSharp.Cli.Commands;

/// <summary>The JSON form of <c>moe run</c>.</summary>
internal static class RunReport
{
    public static async Task WriteJsonAsync(
        Terminal terminal,
        Model model,
        string prompt,
        int[] ids,
        GenerationOptions generation,
        RoutingRecorder recorder,
        CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        var text = new StringBuilder();
        var tokens = new List<int>();
        FinishReason? finish = null;
        LookupStatistics? lookup = null;
        await foreach (GeneratedToken token in model.GenerateAsync(ids, generation, recorder, cancellation).ConfigureAwait(false))
        {
            text.Append(token.Text);
            tokens.Add(token.Id);
            (finish, lookup) = (token.Finish, token.Lookup);
        }

        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        terminal.WriteJson(json =>
        {
            json.WriteStartObject();
            json.WriteString("prompt", prompt);
            json.WriteString("text", text.ToString());
            WriteIds(json, "promptIds", ids);
            WriteIds(json, "ids", tokens);
            json.WriteString("finish", JsonNamingPolicy.CamelCase.ConvertName(finish?.ToString() ?? "none"));
            json.WriteNumber("seconds", seconds);
            WriteLookup(json, lookup);
            json.WriteStartArray("experts");
            foreach (LayerUsage layer in ExpertUsage.From(recorder.Layers).Layers)
            {
                json.WriteStartObject();
                json.WriteNumber("layer", layer.Layer);
                json.WriteNumber("tokens", layer.TokenCount);
                json.WriteStartArray("counts");
                foreach (long count in layer.Counts)
                {
                    json.WriteNumberValue(count);
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    /// <summary>What look-up brought, where it was on.</summary>
    public static void WriteLookup(Utf8JsonWriter json, LookupStatistics? lookup)
    {
        if (lookup is { } found)
        {
            json.WriteStartObject("lookup");
            json.WriteNumber("passes", found.Passes);
            json.WriteNumber("proposed", found.Proposed);
            json.WriteNumber("accepted", found.Accepted);
            json.WriteEndObject();
        }
    }

    private static void WriteIds(Utf8JsonWriter json, string name, IEnumerable<int> ids)
    {
        json.WriteStartArray(name);
        foreach (int id in ids)
        {
            json.WriteNumberValue(id);
        }

        json.WriteEndArray();
    }
}
