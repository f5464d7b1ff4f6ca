using System.CommandLine;
using MoeSharp.Formats.Safetensors;
using MoeSharp.Models.Conversion;
using MoeSharp.Tensors;

namespace MoeSharp.Cli.Commands;

/// <summary><c>moe convert SRC DST</c>: safetensors to GGUF and back, without loading the model.</summary>
internal static class ConvertCommand
{
    private static readonly string[] s_types = ["bf16", "f16", "f32"];

    public static Command Create(Terminal terminal, CommonOptions common)
    {
        var source = new Argument<string>("SRC") { Description = "A model folder, a .gguf file (any part of a split one), or 'tiny'." };
        var destination = new Argument<string>("DST") { Description = "What to write: a file that ends in .gguf, or a folder for safetensors." };
        var type = new Option<string?>("--type")
        {
            Description = "How matrices are stored: bf16, f16 or f32; as they are, where left out.",
            HelpName = "TYPE",
        };
        var force = new Option<bool>("--force") { Description = "Replace a model that is already there." };
        Option<string?> shard = ShardSize(), split = SplitSize();
        var command = new Command("convert", "Write a model in another format: safetensors to GGUF and back.") { source, destination, type, shard, split, force };
        command.SetAction((parsed, cancellation) =>
        {
            string? name = parsed.GetValue(type);
            if (name is not null && !s_types.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                throw new UsageException($"--type: '{name}' is no float type. Use bf16, f16 or f32, or moe quantize for fewer bits.");
            }

            using Workers workers = common.OpenWorkers(parsed);
            using StoredModel model = OpenSource(parsed.GetValue(source)!);
            ConversionReport report = Run(
                terminal, model, parsed.GetValue(destination)!, new ConversionOptions
                {
                    Recipe = name is null ? null : QuantizationRecipe.Parse(name),
                    Workers = workers,
                    ShardBytes = ShardBytes(parsed.GetValue(shard)),
                    SplitBytes = SplitBytes(parsed.GetValue(split)),
                    Overwrites = parsed.GetValue(force),
                },
                cancellation);
            ConversionText.Write(terminal, model, report, parsed.GetValue(common.Json), showsError: report.All.Error.SquaredError > 0, showsReasons: false);
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    /// <summary><c>--shard-size</c>.</summary>
    public static Option<string?> ShardSize() => new("--shard-size")
    {
        Description = "Largest safetensors file; above it, a model becomes several files with an index. 5GB by default.",
        HelpName = "SIZE",
    };

    /// <summary><c>--split-size</c>.</summary>
    public static Option<string?> SplitSize() => new("--split-size")
    {
        Description = "Largest GGUF file; above it, a model becomes parts NAME-00001-of-0000N.gguf. One file by default.",
        HelpName = "SIZE",
    };

    /// <summary>What <c>--shard-size</c> says.</summary>
    public static long ShardBytes(string? text) =>
        text is null ? ShardedSafetensorsWriter.DefaultShardBytes : ByteSize.Parse("--shard-size", text);

    /// <summary>What <c>--split-size</c> says.</summary>
    public static long? SplitBytes(string? text) => text is null ? null : ByteSize.Parse("--split-size", text);

    /// <summary>A model on disk, or the built-in one.</summary>
    public static StoredModel OpenSource(string path) => RunCommand.IsTiny(path) ? StoredModel.OpenTiny() : StoredModel.Open(path);

    /// <summary>Converts with a progress line.</summary>
    public static ConversionReport Run(
        Terminal terminal, StoredModel model, string destination, ConversionOptions options, CancellationToken cancellation)
    {
        using var line = new ProgressLine(terminal);
        var progress = new DirectProgress<ConversionProgress>(
            step => line.Tell((double)step.Done / Math.Max(1, step.Total), () => $"{(double)step.Done / Math.Max(1, step.Total):P0} {step.Tensor}"));
        return ModelConverter.Convert(model, destination, options with { Progress = progress }, cancellation);
    }
}
