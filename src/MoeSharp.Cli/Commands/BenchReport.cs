using System.Globalization;
using System.Text.Json;
using MoeSharp.Analysis.Planning;
using MoeSharp.Analysis.Speed;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors.Measurement;
using Spectre.Console;

namespace MoeSharp.Cli.Commands;

/// <summary>What <c>moe bench</c> prints.</summary>
internal sealed class BenchReport(Terminal terminal, MachinePeaks peaks, int threads)
{
    /// <summary>The object <c>machine</c>, alike in all documents of the command.</summary>
    public static void WriteMachine(Utf8JsonWriter json, MachinePeaks peaks)
    {
        json.WriteStartObject("machine");
        json.WriteString("cpu", peaks.Cpu);
        json.WriteNumber("processors", peaks.ProcessorCount);
        json.WriteNumber("laneWidth", peaks.LaneWidth);
        json.WriteString("int8Instructions", peaks.Int8Instructions);
        WritePair(json, "bandwidthGBs", peaks.BandwidthGBs);
        WritePair(json, "float32Gflops", peaks.Float32Gflops);
        WritePair(json, "int8Gops", peaks.Int8Gops);
        json.WriteEndObject();
    }

    /// <summary>The same for a person.</summary>
    public static void WriteMachine(Terminal terminal, MachinePeaks peaks)
    {
        terminal.Out.WriteLine($"{peaks.Cpu}, {peaks.ProcessorCount} processors, vectors of {peaks.LaneWidth} bits; one thread / two threads:");
        terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"memory reads {peaks.BandwidthGBs.T1:F1} / {peaks.BandwidthGBs.T2:F1} GB/s, float32 {peaks.Float32Gflops.T1:F0} / {peaks.Float32Gflops.T2:F0} GFLOP/s, int8 {peaks.Int8Gops.T1:F0} / {peaks.Int8Gops.T2:F0} GOP/s ({peaks.Int8Instructions})"));
    }

    /// <summary>Prints models that were measured.</summary>
    public void Write(bool asJson, string? shape, string? file, DecoderConfig config, SpeedOptions options, IReadOnlyList<BenchedModel> models)
    {
        if (asJson)
        {
            terminal.WriteJson(json => WriteJson(json, shape, file, config, options, models));
            return;
        }

        WriteMachine(terminal, peaks);
        foreach (BenchedModel model in models)
        {
            WriteModel($"{shape ?? Path.GetFileName(file)}, {config.LayerCount} layers, {model.Type}", model);
        }
    }

    private void WriteModel(string title, BenchedModel model)
    {
        string formats = string.Join(", ", model.Formats.OrderByDescending(pair => pair.Value).Select(pair => $"{pair.Key} {ByteSize.Show(pair.Value)}"));
        terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{title}: weights {ByteSize.Show(Math.Max(model.Bytes, model.FileBytes))}{(formats.Length > 0 ? $" ({formats})" : "")}, {threads} {(threads == 1 ? "thread" : "threads")}"));
        Table table = new Table().Border(TableBorder.Simple).AddColumn(new TableColumn("what").NoWrap());
        foreach (string column in (string[])["median", "least", "most"])
        {
            table.AddColumn(new TableColumn(column).RightAligned());
        }

        table.AddColumn(new TableColumn("unit").NoWrap()).AddColumn(new TableColumn("share").NoWrap()).AddColumn("more");
        foreach (SpeedMeasure measure in model.Measures)
        {
            table.AddRow(
                measure.Name, Short(measure.Value), Short(measure.Minimum), Short(measure.Maximum), measure.Unit, Share(measure), More(measure));
        }

        if (model.Measures.Count > 0)
        {
            terminal.Tables.Write(table);
        }
    }

    private string Share(SpeedMeasure measure) => measure.ShareOf(peaks) is not { } share ? ""
        : share.ToString("F2", CultureInfo.InvariantCulture) + (measure.Peak!.Split('.')[0] switch
        {
            "bandwidthGBs" => " memory",
            "int8Gops" => " int8",
            _ => " float32",
        });

    private static string More(SpeedMeasure measure)
    {
        double Fact(string name) => measure.Facts[name];
        string more = measure.Name switch
        {
            "prefill" => $"{Short(measure.Rate)} GOP/s",
            "load" => $"{ByteSize.Show(Fact("bytes"))}, resident {Fact("residentShare").ToString("F2", CultureInfo.InvariantCulture)} of it",
            "tokenize" => $"{Short(Fact("bytesPerToken"))} bytes a token",
            "sparsity" => $"prompt {Short(Fact("prefillRatio"))}, decode {Short(Fact("decodeRatio"))}",
            _ when measure.Facts.ContainsKey("bytesPerToken") => ByteSize.Show(Fact("bytesPerToken")) + " a token",
            _ => "",
        };
        return measure.Facts.TryGetValue("extraOverFloor", out double over) ? $"{more}, past {Short(over)} × floor" : more;
    }

    private static string Short(double value) => value.ToString(value >= 1000 ? "F0" : "G3", CultureInfo.InvariantCulture);

    private void WriteJson(
        Utf8JsonWriter json, string? shape, string? file, DecoderConfig config, SpeedOptions options, IReadOnlyList<BenchedModel> models)
    {
        ActiveParameters active = ActiveParameters.Of(config);
        json.WriteStartObject();
        WriteMachine(json, peaks);
        json.WriteString("shape", shape);
        json.WriteString("file", file);
        json.WriteNumber("layers", config.LayerCount);
        json.WriteNumber("threads", threads);
        json.WriteNumber("prompt", options.Prompt);
        json.WriteBoolean("processorTime", options.ProcessorTime);
        ExpertArguments.WriteJson(json, options.Experts);
        json.WriteStartObject("parameters");
        json.WriteNumber("total", config.CountParameters().Total);
        json.WriteNumber("activeWithEmbedding", active.WithEmbedding);
        json.WriteNumber("activeWithoutEmbedding", active.WithoutEmbedding);
        json.WriteEndObject();
        json.WriteStartArray("models");
        foreach (BenchedModel model in models)
        {
            json.WriteStartObject();
            json.WriteString("type", model.Type);
            json.WriteNumber("weightBytes", model.Bytes);
            json.WriteNumber("fileBytes", model.FileBytes);
            json.WriteStartArray("formats");
            foreach ((string format, long bytes) in model.Formats)
            {
                json.WriteStartObject();
                json.WriteString("format", format);
                json.WriteNumber("bytes", bytes);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("results");
        foreach (BenchedModel model in models)
        {
            foreach (SpeedMeasure measure in model.Measures)
            {
                WriteResult(json, model.Type, measure);
            }
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void WriteResult(Utf8JsonWriter json, string type, SpeedMeasure measure)
    {
        json.WriteStartObject();
        json.WriteString("name", measure.Name);
        json.WriteNumber("value", Round(measure.Value));
        json.WriteString("unit", measure.Unit);
        json.WriteString("peak", measure.Peak);
        WriteOptional(json, "share", measure.ShareOf(peaks), 4);
        json.WriteString("type", type);
        json.WriteNumber("minimum", Round(measure.Minimum));
        json.WriteNumber("maximum", Round(measure.Maximum));
        json.WriteNumber("runs", measure.Values.Count);
        WriteOptional(json, "predicted", measure.Predicted, 3);
        WriteOptional(json, "gops", measure.Gops, 3);
        WriteOptional(json, "operationsPerByte", measure.OperationsPerByte, 4);
        foreach ((string name, double value) in measure.Facts)
        {
            json.WriteNumber(name, Math.Abs(value) < 1000 ? Round(value) : Math.Round(value));
        }

        json.WriteEndObject();
    }

    private static void WriteOptional(Utf8JsonWriter json, string name, double? value, int digits)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, Math.Round(number, digits));
        }
        else if (name == "share")
        {
            json.WriteNull(name);
        }
    }

    private static double Round(double value) => Math.Round(value, Math.Abs(value) < 1 ? 6 : 3);

    private static void WritePair(Utf8JsonWriter json, string name, PeakPair pair)
    {
        json.WriteStartObject(name);
        json.WriteNumber("t1", Math.Round(pair.T1, 2));
        json.WriteNumber("t2", Math.Round(pair.T2, 2));
        json.WriteEndObject();
    }
}
