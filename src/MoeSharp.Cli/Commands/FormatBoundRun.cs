using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using MoeSharp.Analysis.Speed;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Measurement;
using MoeSharp.Tensors.Quantization;
using Spectre.Console;

namespace MoeSharp.Cli.Commands;

/// <summary><c>moe bench --kernels --bound</c>: whether products with each format are faster than dequantising and multiplying.</summary>
internal static class FormatBoundRun
{
    // No types: all formats of blocks.
    public static int Run(string[] types, ParseResult parsed, Terminal terminal, CommonOptions common, CancellationToken cancellation)
    {
        BlockFormat[] formats = [.. FormatBenchRun.FormatsOf(types).Where(format => types.Length > 0 || !format.IsFloat)];
        using Workers workers = common.OpenWorkers(parsed);
        terminal.Error.WriteLine("measuring peaks of this machine …");
        MachinePeaks peaks = MachinePeaks.Measure();
        var bounds = new List<FormatBound>();
        foreach (BlockFormat format in formats)
        {
            cancellation.ThrowIfCancellationRequested();
            terminal.Error.WriteLine($"measuring {format.Name} …");

            // The peak drifts with the machine: it is taken beside every format, and the larger one counts, which is the harder bound.
            double peak = Math.Max(peaks.Float32Gflops.For(workers.Count), MachinePeaks.MeasureFloat32(workers));
            bounds.AddRange(FormatBound.Run(format, workers, peak));
        }

        if (parsed.GetValue(common.Json))
        {
            terminal.WriteJson(json => WriteJson(json, peaks, bounds, workers.Count));
            return ExitCode.Done;
        }

        BenchReport.WriteMachine(terminal, peaks);
        Table table = new Table().Border(TableBorder.Simple).AddColumn("format");
        foreach (string column in (string[])["rows", "product, ms", "dequantise, ms", "multiply, ms", "of the bound"])
        {
            table.AddColumn(new TableColumn(column).RightAligned());
        }

        foreach (FormatBound bound in bounds)
        {
            table.AddRow(
                bound.Format, Show(bound.Rows, "F0"), Show(1e3 * bound.Seconds, "F2"), Show(1e3 * bound.DequantizeSeconds, "F2"),
                Show(1e3 * bound.MultiplySeconds, "F2"), Show(bound.Ratio, "F2"));
        }

        terminal.Tables.Write(table);
        return ExitCode.Done;
    }

    private static void WriteJson(Utf8JsonWriter json, MachinePeaks peaks, List<FormatBound> bounds, int threads)
    {
        json.WriteStartObject();
        BenchReport.WriteMachine(json, peaks);
        json.WriteNumber("threads", threads);
        json.WriteStartArray("results");
        foreach (FormatBound bound in bounds)
        {
            json.WriteStartObject();
            json.WriteString("name", FormattableString.Invariant($"bound.{bound.Format}.row{bound.Rows}"));
            json.WriteNumber("value", Math.Round(1e3 * bound.Seconds, 4));
            json.WriteString("unit", "ms");
            json.WriteNumber("dequantize", Math.Round(1e3 * bound.DequantizeSeconds, 4));
            json.WriteNumber("multiply", Math.Round(1e3 * bound.MultiplySeconds, 4));
            json.WriteNumber("ratio", Math.Round(bound.Ratio, 4));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static string Show(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
