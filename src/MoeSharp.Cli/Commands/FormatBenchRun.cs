using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using MoeSharp.Analysis.Speed;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Measurement;
using MoeSharp.Tensors.Quantization;
using Spectre.Console;

namespace MoeSharp.Cli.Commands;

/// <summary><c>moe bench --kernels</c>: which kernel multiplies each format on this machine, and how fast.</summary>
internal static class FormatBenchRun
{
    // No types: all formats.
    public static int Run(string[] types, ParseResult parsed, Terminal terminal, CommonOptions common, CancellationToken cancellation)
    {
        BlockFormat[] formats = FormatsOf(types);
        using Workers workers = common.OpenWorkers(parsed);
        terminal.Error.WriteLine("measuring peaks of this machine …");
        MachinePeaks peaks = MachinePeaks.Measure();
        var speeds = new List<FormatSpeed>();
        foreach (BlockFormat format in formats)
        {
            cancellation.ThrowIfCancellationRequested();
            terminal.Error.WriteLine($"measuring {format.Name} …");
            speeds.Add(FormatBench.Run(format, workers));
        }

        terminal.Error.WriteLine("measuring peaks once more …");
        peaks = peaks.Max(MachinePeaks.Measure());
        double bandwidth = peaks.BandwidthGBs.For(workers.Count);
        if (parsed.GetValue(common.Json))
        {
            terminal.WriteJson(json => WriteJson(json, peaks, speeds, workers.Count));
            return ExitCode.Done;
        }

        BenchReport.WriteMachine(terminal, peaks);
        Table table = new Table().Border(TableBorder.Simple).AddColumn("format").AddColumn("kernel").AddColumn("repacked");
        foreach (string column in (string[])["one row, GB/s", "of bandwidth", $"{FormatBench.ManyRows} rows, GOP/s", "of the peak"])
        {
            table.AddColumn(new TableColumn(column).RightAligned());
        }

        foreach (FormatSpeed speed in speeds)
        {
            (string name, double peak) = PeakOf(speed, peaks, workers.Count);
            table.AddRow(
                speed.Format, speed.Kernel, speed.IsRepacked ? "yes" : "no", Show(speed.GBs, "F1"), Show(speed.GBs / bandwidth, "F2"), Show(speed.Gops, "F0"),
                $"{Show(speed.Gops / peak, "F2")} {name.Split('.')[0]}");
        }

        terminal.Tables.Write(table);
        return ExitCode.Done;
    }

    /// <summary>The formats of these names; all where there are none.</summary>
    internal static BlockFormat[] FormatsOf(string[] types) => types.Length == 0 ? [.. BlockFormats.All] : [.. types.Select(type => BlockFormats.Find(type)
        ?? throw new UsageException($"--type: '{type}' is no format. Use some of {string.Join(", ", BlockFormats.All.Select(format => format.Name))}."))];

    private static void WriteJson(Utf8JsonWriter json, MachinePeaks peaks, List<FormatSpeed> speeds, int threads)
    {
        json.WriteStartObject();
        BenchReport.WriteMachine(json, peaks);
        json.WriteNumber("threads", threads);
        json.WriteStartArray("results");
        string bandwidth = threads == 1 ? "bandwidthGBs.t1" : "bandwidthGBs.t2";
        foreach (FormatSpeed speed in speeds)
        {
            WriteResult(json, speed, "row1", speed.GBs, "GB/s", bandwidth, SpeedMeasure.PeakOf(peaks, bandwidth));
            (string peak, double value) = PeakOf(speed, peaks, threads);
            WriteResult(json, speed, $"row{FormatBench.ManyRows}", speed.Gops, "GOP/s", peak, value);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteResult(Utf8JsonWriter json, FormatSpeed speed, string rows, double value, string unit, string peak, double peakValue)
    {
        json.WriteStartObject();
        json.WriteString("name", $"kernel.{speed.Format}.{rows}");
        json.WriteNumber("value", Math.Round(value, 3));
        json.WriteString("unit", unit);
        json.WriteString("peak", peak);
        json.WriteNumber("share", Math.Round(value / peakValue, 4));
        json.WriteString("kernel", speed.Kernel);
        json.WriteBoolean("repacked", speed.IsRepacked);
        json.WriteEndObject();
    }

    // Floats are multiplied as floats.
    private static (string Name, double Value) PeakOf(FormatSpeed speed, MachinePeaks peaks, int threads)
    {
        string name = (BlockFormats.Find(speed.Format)!.CodeGroup > 0 ? "int8Gops" : "float32Gflops") + (threads == 1 ? ".t1" : ".t2");
        return (name, SpeedMeasure.PeakOf(peaks, name));
    }

    private static string Show(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
