using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using MoeSharp.Analysis.Planning;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Measurement;
using Spectre.Console;

namespace MoeSharp.Cli.Commands;

/// <summary><c>moe plan MODEL</c>: what fits, and how fast it should run, before anything is loaded.</summary>
internal static class PlanCommand
{
    private const int DefaultContext = 4096;

    public static Command Create(Terminal terminal, CommonOptions common)
    {
        var path = new Argument<string?>("MODEL") { Description = "A model folder or file; the built-in model when left out.", Arity = ArgumentArity.ZeroOrOne };
        var ram = new Option<string?>("--ram") { Description = "Memory that may be used, as 16GB; that of this machine by default.", HelpName = "SIZE" };
        var context = new Option<int?>("--context") { Description = $"Tokens of the text; {DefaultContext}, or the model's longest, by default.", HelpName = "N" };
        var bandwidth = new Option<double?>("--bandwidth") { Description = "Memory reads in GB/s; measured by default.", HelpName = "GB/s" };
        var gflops = new Option<double?>("--gflops") { Description = "Float32 peak in GFLOP/s; measured by default.", HelpName = "N" };
        var command = new Command("plan", "Tell what fits into memory and how fast it should run, without loading the model.") { path, ram, context, bandwidth, gflops };
        command.SetAction(parsed =>
        {
            long bytes = parsed.GetValue(ram) is { } text ? ByteSize.Parse("--ram", text) : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
            CheckpointFacts facts = InspectReport.Read(parsed.GetValue(path));
            int length = parsed.GetValue(context) ?? Math.Min(DefaultContext, facts.Config.PositionCount);
            if (length < 1 || length > facts.Config.PositionCount)
            {
                throw new UsageException($"--context: {length} is out of range. The model has 1 to {facts.Config.PositionCount} positions.");
            }

            using Workers workers = common.OpenWorkers(parsed);
            MachineSpeed machine = Machine(terminal, parsed.GetValue(bandwidth), parsed.GetValue(gflops), workers.Count);
            var plan = ModelPlan.Create(facts, bytes, length, machine);
            if (parsed.GetValue(common.Json))
            {
                terminal.WriteJson(json => WriteJson(json, plan));
            }
            else
            {
                Write(terminal, plan);
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static MachineSpeed Machine(Terminal terminal, double? bandwidth, double? gflops, int threads)
    {
        if (bandwidth is not > 0 and not null || gflops is not > 0 and not null)
        {
            throw new UsageException($"--bandwidth and --gflops must be greater than 0, got {bandwidth} and {gflops}.");
        }

        if (bandwidth is { } given && gflops is { } peak)
        {
            return new MachineSpeed(given, peak);
        }

        terminal.Error.WriteLine("measuring this machine …");
        var measured = MachineSpeed.From(MachinePeaks.Measure(), threads);
        return new MachineSpeed(bandwidth ?? measured.BandwidthGBs, gflops ?? measured.Float32Gflops);
    }

    private static void Write(Terminal terminal, ModelPlan plan)
    {
        CheckpointFacts facts = plan.Facts;
        terminal.Out.WriteLine($"{facts.Name}: {facts.FamilyName}, {facts.Config.LayerCount} layers, stored as {facts.StoredTypes}, {ByteSize.Show(facts.Bytes)}");
        InspectReport.WriteParameters(terminal, facts);
        terminal.Out.WriteLine(
            $"a text of {plan.ContextLength:N0} tokens: cache {ByteSize.Show((double)plan.CacheBytesPerToken * plan.ContextLength)} "
            + $"({plan.CacheBytesPerToken:N0} bytes a token), memory of a step {ByteSize.Show(plan.WorkBytes)}");
        terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"memory that may be used: {ByteSize.Show(plan.RamBytes)}; it reads {plan.Machine.BandwidthGBs:F1} GB/s, the processor multiplies {plan.Machine.Float32Gflops:F0} GFLOP/s"));
        Table table = new Table().Border(TableBorder.Simple).AddColumn("stored as");
        foreach (string column in (string[])["bits", "weights", "all", "fits", "longest text", "decode", "prompt"])
        {
            table.AddColumn(new TableColumn(column).RightAligned());
        }

        foreach (StorageChoice choice in plan.Choices)
        {
            table.AddRow(
                choice.Name, Number(choice.BitsPerWeight, "F2"), ByteSize.Show(choice.WeightBytes), ByteSize.Show(choice.TotalBytes), choice.Fits ? "yes" : "no",
                choice.LongestContext.ToString("N0", CultureInfo.InvariantCulture), Number(choice.Speed.DecodeTokensPerSecond, "G3"),
                Number(choice.Speed.PrefillTokensPerSecond, "G3"));
        }

        terminal.Tables.Write(table);
        terminal.Out.WriteLine("speeds are predicted tokens/s (docs/numbers.md says how well); routers, norms and biases are F32 throughout");
        terminal.Out.WriteLine(plan.Choices[0].Fits ? "It fits as it is stored."
            : plan.Best is { } best ? $"It does not fit as it is stored; {best.Name} does, with {ByteSize.Show(plan.RamBytes - best.TotalBytes)} to spare."
            : "It fits in no format. Use a shorter text, a smaller model or more memory.");
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    private static void WriteJson(Utf8JsonWriter json, ModelPlan plan)
    {
        json.WriteStartObject();
        json.WriteString("model", plan.Facts.Name);
        json.WriteString("family", plan.Facts.FamilyName);
        InspectReport.WriteParameters(json, plan.Facts);
        json.WriteNumber("ramBytes", plan.RamBytes);
        json.WriteNumber("context", plan.ContextLength);
        json.WriteNumber("bandwidthGBs", plan.Machine.BandwidthGBs);
        json.WriteNumber("float32Gflops", plan.Machine.Float32Gflops);
        json.WriteNumber("cacheBytesPerToken", plan.CacheBytesPerToken);
        json.WriteNumber("workBytes", plan.WorkBytes);
        json.WriteStartArray("choices");
        foreach (StorageChoice choice in plan.Choices)
        {
            json.WriteStartObject();
            json.WriteString("name", choice.Name);
            json.WriteNumber("bitsPerWeight", choice.BitsPerWeight);
            json.WriteNumber("bytes", choice.WeightBytes);
            json.WriteNumber("totalBytes", choice.TotalBytes);
            json.WriteBoolean("fits", choice.Fits);
            json.WriteNumber("longestContext", choice.LongestContext);
            json.WriteNumber("decodeBytes", choice.Speed.DecodeBytes);
            json.WriteNumber("decodeTokensPerSecond", choice.Speed.DecodeTokensPerSecond);
            json.WriteNumber("prefillTokensPerSecond", choice.Speed.PrefillTokensPerSecond);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("best", plan.Best?.Name);
        json.WriteEndObject();
    }
}
