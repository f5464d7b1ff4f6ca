using System.Text;
using System.Text.Json;

namespace MoeSharp.Against;

/// <summary>The JSON that llama-bench prints: an array with one object for each test.</summary>
/// <remarks>Only what is compared is read: <c>n_prompt</c>, <c>n_gen</c>, and <c>avg_ts</c>, the mean of tokens a second. Source:
/// ggml-org/llama.cpp, tools/llama-bench.</remarks>
internal static class LlamaBenchJson
{
    /// <summary>Finds the speeds of prompt and generation.</summary>
    /// <param name="printed">What the program printed; lines before the array are passed over.</param>
    /// <param name="task">What it was asked to do.</param>
    /// <param name="program">Its name, for messages.</param>
    /// <exception cref="InvalidOperationException">It printed something else.</exception>
    public static EngineSpeed Read(string printed, EngineTask task, string program)
    {
        double? prefill = null, decode = null;
        string build = "";
        try
        {
            int begin = printed.StartsWith('[') ? 0 : printed.IndexOf("\n[", StringComparison.Ordinal) + 1;
            byte[] json = Encoding.UTF8.GetBytes(printed[begin..]);
            var reader = new Utf8JsonReader(json);
            using JsonDocument document = JsonDocument.ParseValue(ref reader); // some print more behind it
            foreach (JsonElement test in document.RootElement.EnumerateArray())
            {
                int prompt = test.GetProperty("n_prompt").GetInt32(), generated = test.GetProperty("n_gen").GetInt32();
                double speed = test.GetProperty("avg_ts").GetDouble();
                prefill = prompt == task.Prompt && generated == 0 ? speed : prefill;
                decode = prompt == 0 && generated == task.Generate ? speed : decode;
                build = test.TryGetProperty("build_commit", out JsonElement commit) ? commit.ToString() : build;
            }
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidOperationException($"{program}: printed no JSON of llama-bench: {fault.Message} It began: {Beginning(printed)}", fault);
        }

        return prefill is > 0 && decode is > 0
            ? new EngineSpeed(prefill.Value, decode.Value, build)
            : throw new InvalidOperationException(
                $"{program}: told no speed of a prompt of {task.Prompt} tokens and of {task.Generate} generated ones. It began: {Beginning(printed)}");
    }

    /// <summary>Writes the tests of this engine.</summary>
    /// <param name="task">What was asked for.</param>
    /// <param name="type">How the model is stored.</param>
    /// <param name="bytes">Bytes of its weights.</param>
    /// <param name="parameters">Its parameters.</param>
    /// <param name="prefill">Seconds of each run of the prompt.</param>
    /// <param name="decode">Seconds of each run of generating.</param>
    public static string Write(EngineTask task, string type, long bytes, long parameters, double[] prefill, double[] decode)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartArray();
            Write(task.Prompt, 0, prefill);
            Write(0, task.Generate, decode);
            json.WriteEndArray();

            void Write(int prompt, int generated, double[] seconds)
            {
                double[] speeds = [.. seconds.Select(time => (prompt + generated) / time)];
                json.WriteStartObject();
                json.WriteString("build_commit", "MoeSharp " + typeof(LlamaBenchJson).Assembly.GetName().Version);
                json.WriteString("model_filename", task.File);
                json.WriteString("model_type", type);
                json.WriteNumber("model_size", bytes);
                json.WriteNumber("model_n_params", parameters);
                json.WriteNumber("n_threads", task.Threads);
                json.WriteNumber("n_prompt", prompt);
                json.WriteNumber("n_gen", generated);
                json.WriteNumber("avg_ns", Math.Round(seconds.Average() * 1e9));
                json.WriteNumber("stddev_ns", Math.Round(Deviation(seconds) * 1e9));
                json.WriteNumber("avg_ts", speeds.Average());
                json.WriteNumber("stddev_ts", Deviation(speeds));
                WriteArray(json, "samples_ns", seconds.Select(time => Math.Round(time * 1e9)));
                WriteArray(json, "samples_ts", speeds);
                json.WriteEndObject();
            }
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void WriteArray(Utf8JsonWriter json, string name, IEnumerable<double> values)
    {
        json.WriteStartArray(name);
        foreach (double value in values)
        {
            json.WriteNumberValue(value);
        }

        json.WriteEndArray();
    }

    private static double Deviation(double[] values)
    {
        double mean = values.Average();
        return values.Length < 2 ? 0 : Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1));
    }

    private static string Beginning(string printed)
    {
        string line = printed.Trim().ReplaceLineEndings(" ");
        return line.Length == 0 ? "(nothing)" : line[..Math.Min(120, line.Length)];
    }
}
