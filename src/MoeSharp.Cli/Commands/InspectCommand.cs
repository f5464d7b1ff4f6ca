using System.CommandLine;
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
            ModelFacts facts = ModelFacts.Read(parsed.GetValue(path));
            if (parsed.GetValue(common.Json))
            {
                terminal.WriteJson(facts.WriteJson);
            }
            else
            {
                Write(terminal, facts);
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static void Write(Terminal terminal, ModelFacts facts)
    {
        DecoderConfig config = facts.Config;
        terminal.Out.WriteLine($"{facts.Name}: {facts.Family.ModelType} ({facts.Family.Architecture})");
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

        terminal.Out.WriteLine(
            $"parameters: {facts.Count.Total:N0} total, {facts.Count.Active:N0} active a token (matrices, router and head); "
            + $"input embedding {facts.Count.Embedding:N0} apart");
        Table table = new Table().Border(TableBorder.Simple).AddColumn("part")
            .AddColumn(new TableColumn("parameters").RightAligned()).AddColumn(new TableColumn("bytes").RightAligned());
        foreach ((string part, long parameters) in facts.Parts.Where(part => part.Parameters > 0))
        {
            table.AddRow(part, $"{parameters:N0}", $"{facts.Bytes.GetValueOrDefault(part):N0}");
        }

        table.AddRow("all", $"{facts.Count.Total:N0}", $"{facts.Bytes.Values.Sum():N0}");
        terminal.Tables.Write(table);
        terminal.Out.WriteLine($"stored as {facts.StoredTypes}");
    }
}
