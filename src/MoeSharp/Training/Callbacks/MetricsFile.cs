using System.Text;
using System.Text.Json;
using MoeSharp.Formats;
using MoeSharp.Training.Monitoring;

namespace MoeSharp.Training.Callbacks;

/// <summary>Writes every step and every measurement as one line of JSON: <c>metrics.jsonl</c>.</summary>
/// <remarks>
/// <para>Lines: <c>{"step", "tokens", "learningRate", "crossEntropy", "auxiliaryLoss", "balance", "gradientNorm", "clipFactor",
/// "seconds", "layers": [{"layer", "maxVio", "deadExperts", "loadEntropy", "dropRate", "meanTop1"}]}</c> and <c>{"step",
/// "heldOutLoss", "bitsPerByte", "best"}</c>. Values that are no numbers are left out.</para>
/// <para>When a run goes on from a checkpoint, lines of later steps are removed first, so that no step stands twice.</para>
/// </remarks>
public sealed class MetricsFile : ITrainingCallback, IDisposable
{
    private readonly string _path;
    private readonly MemoryStream _line = new();
    private FileStream? _file;

    /// <summary>Names the file; it is opened when the run starts.</summary>
    /// <param name="path">Its path; the folder must exist.</param>
    public MetricsFile(string path) => _path = path;

    /// <inheritdoc/>
    public void OnStarted(TrainingState state, string? resumedFrom)
    {
        RemoveLater(state.Step);
        _file = new FileStream(_path, FileMode.Append, FileAccess.Write, FileShare.Read);
    }

    /// <inheritdoc/>
    public void OnStep(StepReport report) => WriteLine(json =>
    {
        json.WriteNumber("step", report.Step);
        json.WriteNumber("tokens", report.TokensSeen);
        WriteFinite(json, "learningRate", report.LearningRate);
        WriteFinite(json, "crossEntropy", report.CrossEntropy);
        WriteFinite(json, "auxiliaryLoss", report.AuxiliaryLoss);
        WriteFinite(json, "balance", report.BalanceValue);
        WriteFinite(json, "gradientNorm", report.GradientNorm);
        WriteFinite(json, "clipFactor", report.ClipFactor);
        WriteFinite(json, "seconds", report.Duration.TotalSeconds);
        json.WriteStartArray("layers");
        foreach (LayerBalance layer in report.Layers)
        {
            json.WriteStartObject();
            json.WriteNumber("layer", layer.Layer);
            WriteFinite(json, "maxVio", layer.MaxVio);
            json.WriteNumber("deadExperts", layer.DeadExperts);
            WriteFinite(json, "loadEntropy", layer.LoadEntropy);
            WriteFinite(json, "dropRate", layer.DropRate);
            WriteFinite(json, "meanTop1", layer.MeanTop1);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    /// <inheritdoc/>
    public void OnEvaluated(EvaluationReport report) => WriteLine(json =>
    {
        json.WriteNumber("step", report.Step);
        WriteFinite(json, "heldOutLoss", report.Loss);
        WriteFinite(json, "bitsPerByte", report.BitsPerByte);
        json.WriteBoolean("best", report.IsBest);
    });

    /// <inheritdoc/>
    public void OnStopped(TrainingResult result) => _file?.Flush(flushToDisk: true);

    /// <summary>Closes the file.</summary>
    public void Dispose()
    {
        _file?.Dispose();
        _line.Dispose();
    }

    private static void WriteFinite(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value))
        {
            json.WriteNumber(name, value);
        }
    }

    private void WriteLine(Action<Utf8JsonWriter> write)
    {
        _line.SetLength(0);
        using (var json = new Utf8JsonWriter(_line))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        _line.WriteByte((byte)'\n');
        _line.WriteTo(_file!);
        _file!.Flush();
    }

    /// <summary>Drops lines of steps after <paramref name="step"/>, and a last line that a killed process left half written.</summary>
    private void RemoveLater(long step)
    {
        if (!File.Exists(_path))
        {
            return;
        }

        var kept = new StringBuilder();
        foreach (string line in File.ReadLines(_path))
        {
            if (StepOf(line) is { } number && number <= step)
            {
                kept.Append(line).Append('\n');
            }
        }

        AtomicFile.WriteAllBytes(_path, Encoding.UTF8.GetBytes(kept.ToString()));
    }

    private static long? StepOf(string line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            return document.RootElement.GetProperty("step").GetInt64();
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }
}
