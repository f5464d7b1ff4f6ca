using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using MoeSharp.Analysis;
using MoeSharp.Tensors.Measurement;
using Spectre.Console;

namespace MoeSharp.Cli.Commands;

/// <summary><c>moe bench</c>: what this machine can do, and what share of it the kernels, a training step and decode reach.</summary>
internal static class BenchCommand
{
    private static readonly string[] s_parts = ["kernels", "training", "decode"];

    public static Command Create(Terminal terminal, CommonOptions common)
    {
        var only = new Option<string[]>("--only") { Description = $"Measure only these parts: {string.Join(", ", s_parts)}.", HelpName = "PART" };
        only.AcceptOnlyFromAmong(s_parts);
        var synthetic = new SyntheticBenchArguments();
        var command = new Command("bench", "Measure this machine, and the share of it that the kernels reach.") { only };
        synthetic.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            if (synthetic.IsGiven(parsed))
            {
                return Task.FromResult(synthetic.Run(parsed, terminal, common, cancellation));
            }

            string[] parts = parsed.GetValue(only) is { Length: > 0 } some ? some : s_parts;
            var results = new List<BenchResult>();
            MachinePeaks peaks = Tell(terminal, "peaks of this machine", MachinePeaks.Measure);
            if (parts.Contains("kernels"))
            {
                results.AddRange(Tell(terminal, "matrix products", () => KernelBench.Run(peaks)));
            }

            if (parts.Contains("training"))
            {
                results.AddRange(Tell(terminal, "training steps", () => ModelBench.TrainingSteps(peaks)));
            }

            if (parts.Contains("decode"))
            {
                results.AddRange(Tell(terminal, "decode", () => ModelBench.Decode(peaks)));
            }

            // A shared machine drifts: the larger peak of before and after is the yardstick.
            MachinePeaks last = Tell(terminal, "peaks once more", MachinePeaks.Measure).Max(peaks);
            List<BenchResult> shares = [.. results.Select(result => Rescale(result, peaks, last))];
            if (parsed.GetValue(common.Json))
            {
                terminal.WriteJson(json => WriteJson(json, last, shares));
            }
            else
            {
                Write(terminal, last, shares);
            }

            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    private static T Tell<T>(Terminal terminal, string what, Func<T> measure)
    {
        terminal.Error.WriteLine($"measuring {what} …");
        return measure();
    }

    private static BenchResult Rescale(BenchResult result, MachinePeaks before, MachinePeaks best) =>
        result with { Share = result.Share * PeakOf(before, result.Peak) / PeakOf(best, result.Peak) };

    private static double PeakOf(MachinePeaks peaks, string name)
    {
        PeakPair pair = name.Split('.')[0] switch
        {
            "bandwidthGBs" => peaks.BandwidthGBs,
            "int8Gops" => peaks.Int8Gops,
            _ => peaks.Float32Gflops,
        };
        return name.EndsWith("t1", StringComparison.Ordinal) ? pair.T1 : pair.T2;
    }

    private static void WriteJson(Utf8JsonWriter json, MachinePeaks peaks, List<BenchResult> results)
    {
        json.WriteStartObject();
        json.WriteStartObject("machine");
        json.WriteString("cpu", peaks.Cpu);
        json.WriteNumber("processors", peaks.ProcessorCount);
        json.WriteNumber("laneWidth", peaks.LaneWidth);
        json.WriteString("int8Instructions", peaks.Int8Instructions);
        WritePair(json, "bandwidthGBs", peaks.BandwidthGBs);
        WritePair(json, "float32Gflops", peaks.Float32Gflops);
        WritePair(json, "int8Gops", peaks.Int8Gops);
        json.WriteEndObject();
        json.WriteStartArray("results");
        foreach (BenchResult result in results)
        {
            json.WriteStartObject();
            json.WriteString("name", result.Name);
            json.WriteNumber("value", Math.Round(result.Value, 3));
            json.WriteString("unit", result.Unit);
            json.WriteString("peak", result.Peak);
            json.WriteNumber("share", Math.Round(result.Share, 4));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WritePair(Utf8JsonWriter json, string name, PeakPair pair)
    {
        json.WriteStartObject(name);
        json.WriteNumber("t1", Math.Round(pair.T1, 2));
        json.WriteNumber("t2", Math.Round(pair.T2, 2));
        json.WriteEndObject();
    }

    private static void Write(Terminal terminal, MachinePeaks peaks, List<BenchResult> results)
    {
        terminal.Out.WriteLine($"{peaks.Cpu}, {peaks.ProcessorCount} processors, vectors of {peaks.LaneWidth} bits; one thread / two threads:");
        terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"memory reads {peaks.BandwidthGBs.T1:F1} / {peaks.BandwidthGBs.T2:F1} GB/s, float32 {peaks.Float32Gflops.T1:F0} / {peaks.Float32Gflops.T2:F0} GFLOP/s, int8 {peaks.Int8Gops.T1:F0} / {peaks.Int8Gops.T2:F0} GOP/s ({peaks.Int8Instructions})"));
        Table table = new Table().Border(TableBorder.Simple).AddColumn("what").AddColumn(new TableColumn("value").RightAligned())
            .AddColumn("unit").AddColumn(new TableColumn("share").RightAligned()).AddColumn("of the peak");
        foreach (BenchResult result in results)
        {
            table.AddRow(result.Name, result.Value.ToString("F1", CultureInfo.InvariantCulture), result.Unit,
                result.Share.ToString("P0", CultureInfo.InvariantCulture), result.Peak);
        }

        terminal.Tables.Write(table);
    }
}
