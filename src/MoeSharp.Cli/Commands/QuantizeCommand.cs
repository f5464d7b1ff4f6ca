using System.CommandLine;
using MoeSharp.Models.Conversion;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;
using MoeSharp.Text;

namespace MoeSharp.Cli.Commands;

/// <summary><c>moe quantize SRC DST --type Q4_K_M</c>: a model with fewer bits, and what that costs.</summary>
internal static class QuantizeCommand
{
    public static Command Create(Terminal terminal, CommonOptions common)
    {
        var source = new Argument<string>("SRC") { Description = "A model folder, a .gguf file, or 'tiny'." };
        var destination = new Argument<string>("DST") { Description = "The .gguf file to write; for gpt-oss as MXFP4 also a folder." };
        var type = new Option<string>("--type")
        {
            Description = $"A mixture or a format: {string.Join(", ", QuantizationRecipe.Names)}.",
            Required = true,
            HelpName = "TYPE",
        };
        var pure = new Option<bool>("--pure") { Description = "Give every matrix the same format, where TYPE is the name of a mixture." };
        var rules = new Option<string[]>("--rule")
        {
            Description = "A format for tensors by name, before everything else; the first that fits counts. * is any text.",
            HelpName = "blk.*.ffn_down_exps=Q6_K",
        };
        var calibrate = new Option<string?>("--calibrate")
        {
            Description = "A text that the model reads first, to learn which columns of its weights matter.",
            HelpName = "TEXT.txt",
        };
        var trace = new Option<string?>("--trace")
        {
            Description = "What moe run printed with --json about a text: more bits for experts that are visited often, fewer for the others.",
            HelpName = "FILE.json",
        };
        var hot = new Option<string?>("--hot") { Description = "As --trace, with the routing of a text that is read now.", HelpName = "TEXT.txt" };
        var force = new Option<bool>("--force") { Description = "Replace a file that is already there." };
        Option<string?> shard = ConvertCommand.ShardSize(), split = ConvertCommand.SplitSize();
        var command = new Command("quantize", "Store a model in fewer bits, and show what that costs.")
        {
            source, destination, type, pure, rules, calibrate, trace, hot, shard, split, force,
        };
        command.SetAction((parsed, cancellation) =>
        {
            string target = parsed.GetValue(destination)!;
            if (parsed.GetValue(trace) is not null && parsed.GetValue(hot) is not null)
            {
                throw new UsageException("--trace and --hot say the same thing in two ways. Give one of them.");
            }

            QuantizationRecipe recipe = QuantizationRecipe.Parse(parsed.GetValue(type)!, parsed.GetValue(pure)) with
            {
                Rules = [.. (parsed.GetValue(rules) ?? []).Select(QuantizationRule.Parse)],
            };
            if (!ModelConverter.IsGguf(target) && recipe.Format.Name != "MXFP4")
            {
                throw new UsageException($"'{target}' does not end in .gguf. Quantised models are GGUF files; a folder can hold gpt-oss as MXFP4.");
            }

            using Workers workers = common.OpenWorkers(parsed);
            using StoredModel model = ConvertCommand.OpenSource(parsed.GetValue(source)!);
            if (parsed.GetValue(trace) is { } file)
            {
                recipe = recipe with { Heat = ExpertHeat.Parse(File.ReadAllBytes(file), file) };
            }

            Importance? importance = null;
            if (parsed.GetValue(hot) is not null || parsed.GetValue(calibrate) is not null)
            {
                Decoder decoder = model.Load();
                Tokenizer tokenizer = model.ReadTokenizer() ?? throw new InvalidOperationException(
                    $"{model.Path}: has no tokenizer, so a text cannot be read. Leave out --calibrate and --hot.");
                recipe = parsed.GetValue(hot) is { } visited
                    ? recipe with
                    {
                        Heat = Read(terminal, tokenizer, visited, "routing", (ids, progress) =>
                        CalibrationText.TraceHeat(decoder, ids, workers, progress, cancellation))
                    }
                    : recipe;
                importance = parsed.GetValue(calibrate) is { } text
                    ? Read(terminal, tokenizer, text, "calibration", (ids, progress) => ImportanceCollector.Run(decoder, ids, workers, progress, cancellation))
                    : null;
                GC.KeepAlive(decoder);
            }

            ConversionReport report = ConvertCommand.Run(
                terminal, model, target, new ConversionOptions
                {
                    Recipe = recipe,
                    Importance = importance,
                    Workers = workers,
                    ShardBytes = ConvertCommand.ShardBytes(parsed.GetValue(shard)),
                    SplitBytes = ConvertCommand.SplitBytes(parsed.GetValue(split)),
                    Overwrites = parsed.GetValue(force),
                },
                cancellation);
            ConversionText.Write(terminal, model, report, parsed.GetValue(common.Json), showsError: true, showsReasons: true);
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    private static T Read<T>(
        Terminal terminal, Tokenizer tokenizer, string file, string what, Func<ReadOnlyMemory<int>, IProgress<(int Done, int Total)>, T> run)
    {
        using var line = new ProgressLine(terminal);
        return run(
            tokenizer.Encode(File.ReadAllBytes(file), addSpecial: true),
            new DirectProgress<(int Done, int Total)>(step => line.Tell((double)step.Done / step.Total, () => $"{what}: {step.Done:N0} of {step.Total:N0} tokens")));
    }
}
