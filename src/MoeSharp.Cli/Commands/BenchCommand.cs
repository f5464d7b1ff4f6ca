using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using MoeSharp.Analysis;
using MoeSharp.Analysis.Speed;
using MoeSharp.Tensors.Measurement;
using Spectre.Console;

namespace MoeSharp.Cli.Commands;

/// <summary><c>moe bench</c>: what this machine can do, and what share of it the kernels, a training step and decode reach.</summary>
internal static class BenchCommand
{
    private static readonly string[] s_parts = ["kernels", "training", "decode"];

    public static Command Create(Terminal terminal, CommonOptions common)
    {
        var only = new Option<string[]>("--only")
        {
            Description = $"Measure only this part, may be repeated: {string.Join(", ", s_parts)}; of a model {string.Join(", ", BenchArguments.Parts)}.",
            HelpName = "PART",
        };
        only.AcceptOnlyFromAmong([.. s_parts.Union(BenchArguments.Parts)]);
        var kernels = new Option<bool>("--kernels") { Description = "Tell which kernel multiplies each format on this machine, and how fast." };
        var bound = new Option<bool>("--bound")
        {
            Description = "Besides --kernels, hold products of 1, 64 and 512 rows against dequantising and multiplying at half of the float32 peak.",
        };
        var table = new Option<string?>("--table")
        {
            Description = "Measure nothing; print the results in the JSON files of a folder as a Markdown table.",
            HelpName = "FOLDER",
        };
        var arguments = new BenchArguments();
        var command = new Command("bench", "Measure a model, or this machine and the share of it that the kernels reach.") { only, kernels, bound, table };
        arguments.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            string[] asked = parsed.GetValue(only) ?? [];
            if (parsed.GetValue(table) is { } folder)
            {
                terminal.Out.Write(BenchTable.Read(folder));
                return Task.FromResult(ExitCode.Done);
            }

            if (arguments.IsGiven(parsed))
            {
                return Task.FromResult(new ModelBenchRun(arguments, parsed, terminal, common, cancellation).Run(asked));
            }

            if (parsed.GetValue(bound))
            {
                return Task.FromResult(FormatBoundRun.Run(parsed.GetValue(arguments.Types) ?? [], parsed, terminal, common, cancellation));
            }

            if (parsed.GetValue(kernels))
            {
                return Task.FromResult(FormatBenchRun.Run(parsed.GetValue(arguments.Types) ?? [], parsed, terminal, common, cancellation));
            }

            arguments.Check(parsed, threads: 1);

            if (asked.Except(s_parts).FirstOrDefault() is { } part)
            {
                throw new UsageException($"--only: '{part}' is measured of a model. Name a file or a --shape.");
            }

            string[] parts = asked.Length > 0 ? asked : s_parts;
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
        result with { Share = result.Share * SpeedMeasure.PeakOf(before, result.Peak) / SpeedMeasure.PeakOf(best, result.Peak) };

    private static void WriteJson(Utf8JsonWriter json, MachinePeaks peaks, List<BenchResult> results)
    {
        json.WriteStartObject();
        BenchReport.WriteMachine(json, peaks);
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

    private static void Write(Terminal terminal, MachinePeaks peaks, List<BenchResult> results)
    {
        BenchReport.WriteMachine(terminal, peaks);
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
