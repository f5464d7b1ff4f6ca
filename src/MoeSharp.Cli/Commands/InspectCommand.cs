using System.CommandLine;
using System.Globalization;
using MoeSharp.Analysis.Planning;
using MoeSharp.Models.Decoding;
using Spectre.Console;

namespace MoeSharp.Cli.Commands;

/// <summary><c>moe inspect MODEL</c>: family, parameters total and active, bytes by part, experts of each layer; loads no weight.</summary>
internal static class InspectCommand
{
    public static Command Create(Terminal terminal, CommonOptions common)
    {
        var path = new Argument<string?>("MODEL")
        {
            Description = "A model folder; the built-in model when left out.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var command = new Command("inspect", "Show what a checkpoint is: family, parameters, bytes, experts.") { path };
        command.SetAction(parsed =>
        {
            CheckpointFacts facts = InspectReport.Read(parsed.GetValue(path));
            if (parsed.GetValue(common.Json))
            {
                terminal.WriteJson(json => InspectReport.WriteJson(json, facts));
            }
            else
            {
                Write(terminal, facts);
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static void Write(Terminal terminal, CheckpointFacts facts)
    {
        DecoderConfig config = facts.Config;
        terminal.Out.WriteLine($"{facts.Name}: {facts.FamilyName} ({facts.Architecture})");
        terminal.Out.WriteLine(
            $"{config.LayerCount} layers, hidden size {config.HiddenSize}, {config.HeadCount} heads ({config.KeyValueHeadCount} key-value) of "
            + $"{config.HeadSize}, vocabulary {config.VocabularySize}{(config.IsTied ? " (tied head)" : "")}, {config.PositionCount} positions");
        if (config.Experts is { } experts)
        {
            int layers = Enumerable.Range(0, config.LayerCount).Count(config.HasExperts);
            terminal.Out.WriteLine(
                $"experts: {experts.ExpertCount} a layer in {layers} of {config.LayerCount} layers, top-{experts.TopK}, intermediate size "
                + $"{experts.IntermediateSize}{(experts.SharedIntermediateSize > 0 ? $", shared expert of {experts.SharedIntermediateSize}" : "")}");
        }

        InspectReport.WriteParameters(terminal, facts);
        Table table = new Table().Border(TableBorder.Simple).AddColumn("part")
            .AddColumn(new TableColumn("parameters").RightAligned()).AddColumn(new TableColumn("bytes").RightAligned());
        foreach (string part in PlannedWeight.Parts.Where(part => facts.ParametersOf(part) > 0))
        {
            table.AddRow(part, $"{facts.ParametersOf(part):N0}", $"{facts.BytesOf(part):N0}");
        }

        table.AddRow("all", $"{facts.Count.Total:N0}", $"{facts.Bytes:N0}");
        terminal.Tables.Write(table);
        terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"stored as {facts.StoredTypes}, {8.0 * facts.Bytes / facts.Count.Total:F2} bits a parameter; cache of keys and values {SpeedModel.CacheBytes(config, 1):N0} bytes a token"));
    }
}
