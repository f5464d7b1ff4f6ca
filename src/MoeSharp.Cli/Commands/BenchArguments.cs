using System.CommandLine;
using MoeSharp.Analysis;
using MoeSharp.Analysis.Speed;

namespace MoeSharp.Cli.Commands;

/// <summary>The options of <c>moe bench</c> that are about a model: a file, or a synthetic one of a published shape.</summary>
internal sealed class BenchArguments
{
    /// <summary>What can be measured of a model, in the order in which it is.</summary>
    public static IReadOnlyList<string> Parts { get; } = ["prefill", "decode", "depth", "batch", "load", "tokenize", "quantize", "sparsity", "write"];

    // Takes gigabytes of its own, and only ratios of it are of use.
    private static readonly string[] s_onRequest = ["sparsity", "write"];

    public Argument<string?> Model { get; } = new("MODEL")
    {
        Description = "A .gguf file or a model folder to measure, or 'tiny'; without it and without --shape, the machine and the kernels are measured.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    public Option<string?> Shape { get; } = new("--shape")
    {
        Description = $"Measure a model of random weights: {string.Join(", ", ModelShapes.All.Keys)}.",
        HelpName = "NAME",
    };

    public Option<string[]> Types { get; } = new("--type")
    {
        Description = "How the synthetic model is stored: a mixture or a format, as moe quantize takes; Q4_K_M by default, may be repeated. Of the list of kernels, only these formats.",
        HelpName = "TYPE",
    };

    public Option<int?> Layers { get; } = new("--layers") { Description = "Layers of the synthetic model; all by default.", HelpName = "N" };

    public Option<string?> Write { get; } = new("--write")
    {
        Description = "Write the synthetic model to this .gguf file and measure the file.",
        HelpName = "FILE.gguf",
    };

    public Option<int> Prompt { get; } = Count("--prompt", 512, "Tokens of the prompt.");

    public Option<int> Depth { get; } = Count("--depth", 4096, "Tokens that decode looks back at, besides 128.");

    public Option<int> Batch { get; } = Count("--batch", 8, "Texts that are continued together.");

    public Option<int> Repeat { get; } = Count("--repeat", 5, "Runs that are counted; the median is told.");

    public CacheArgument Cache { get; } = new();

    public Option<string?> Svg { get; } = new("--svg") { Description = "Draw the measurements of the model under the roof of the machine.", HelpName = "FILE.svg" };

    public Option<bool> ProcessorTime { get; } = new("--processor-time")
    {
        Description = "Count the processor's time instead of the clock's, with one thread on a machine that others use.",
    };

    /// <summary>Experts to leave out.</summary>
    public ExpertArguments Experts { get; } = new(samples: false);

    public void AddTo(Command command)
    {
        Experts.AddTo(command);
        Shape.AcceptOnlyFromAmong([.. ModelShapes.All.Keys]);
        command.Arguments.Add(Model);
        foreach (Option option in (Option[])[Shape, Types, Layers, Write, Prompt, Depth, Batch, Repeat, Svg, ProcessorTime])
        {
            command.Options.Add(option);
        }

        Cache.AddTo(command);
    }

    /// <summary>True when a model is to be measured.</summary>
    public bool IsGiven(ParseResult parsed) => parsed.GetValue(Model) is not null || parsed.GetValue(Shape) is not null;

    /// <summary>The parts to measure.</summary>
    /// <param name="only">Those that were asked for; empty for the usual ones.</param>
    public static string[] PartsOf(string[] only)
    {
        foreach (string part in only)
        {
            if (!Parts.Contains(part))
            {
                throw new UsageException($"--only: '{part}' is measured without a model. Of a model there are {string.Join(", ", Parts)}.");
            }
        }

        return only.Length > 0 ? only : [.. Parts.Except(s_onRequest)];
    }

    /// <summary>How to measure.</summary>
    public SpeedOptions Options(ParseResult parsed) => new()
    {
        Prompt = parsed.GetValue(Prompt),
        Repeats = parsed.GetValue(Repeat),
        Experts = Experts.Read(parsed),
        ProcessorTime = parsed.GetValue(ProcessorTime),
        CacheType = Cache.Read(parsed),
    };

    /// <summary>Refuses options that do not go together.</summary>
    public void Check(ParseResult parsed, int threads)
    {
        bool hasFile = parsed.GetValue(Model) is not null, hasShape = parsed.GetValue(Shape) is not null;
        int types = parsed.GetValue(Types)?.Length ?? 0;
        if (hasFile && hasShape)
        {
            throw new UsageException("a model and --shape say two different things to measure. Give one of them.");
        }

        if (!hasShape && (types > 0 || parsed.GetValue(Layers) is not null || parsed.GetValue(Write) is not null))
        {
            throw new UsageException("--type, --layers and --write are about a synthetic model. Say which with --shape.");
        }

        if (!hasFile && !hasShape && !Experts.Read(parsed).IsNone)
        {
            throw new UsageException("--experts and --min-weight are about a model. Name a file or a --shape.");
        }

        if (parsed.GetValue(Write) is { } file && (types > 1 || !file.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase)))
        {
            throw new UsageException($"--write: writes one model to a file that ends in .gguf, got {Math.Max(1, types)} types and '{file}'.");
        }

        if (parsed.GetValue(ProcessorTime) && threads > 1)
        {
            throw new UsageException($"--processor-time counts one thread, and {threads} are asked for. Add --threads 1.");
        }
    }

    private static Option<int> Count(string name, int usual, string description)
    {
        var option = new Option<int>(name) { Description = description, HelpName = "N", DefaultValueFactory = _ => usual };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && int.TryParse(result.Tokens[0].Value, out int count) && count is < 1 or > 1_000_000)
            {
                result.AddError($"{name}: {result.Tokens[0].Value} is out of range. Use 1 to 1000000.");
            }
        });
        return option;
    }
}
