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
        await foreach (GeneratedToken token in model.GenerateAsync(ids, generation, recorder, cancellation).ConfigureAwait(false))
        {
            text.Append(token.Text);
            tokens.Add(token.Id);
            finish = token.Finish;
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
