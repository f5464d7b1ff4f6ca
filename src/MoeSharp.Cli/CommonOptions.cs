using System.CommandLine;
using MoeSharp.Tensors;

namespace MoeSharp.Cli;

/// <summary>Options that every command has.</summary>
internal sealed class CommonOptions
{
    public Option<int?> Threads { get; } = new("--threads", "-t")
    {
        Description = "Threads to compute with; all cores by default. Results do not depend on it.",
        Recursive = true,
        HelpName = "N",
    };

    public Option<ulong> Seed { get; } = new("--seed")
    {
        Description = "Seed of every random choice.",
        DefaultValueFactory = _ => 0,
        Recursive = true,
        HelpName = "N",
    };

    public Option<bool> Json { get; } = new("--json")
    {
        Description = "Print the result as one JSON document (fields in docs/cli.md).",
        Recursive = true,
    };

    public Option<bool> Verbose { get; } = new("--verbose")
    {
        Description = "Show where a fault came from.",
        Recursive = true,
    };

    public void AddTo(Command root)
    {
        Threads.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && int.TryParse(result.Tokens[0].Value, out int count) && count is < 1 or > 1024)
            {
                result.AddError($"--threads: {result.Tokens[0].Value} is out of range. Use 1 to 1024.");
            }
        });
        root.Options.Add(Threads);
        root.Options.Add(Seed);
        root.Options.Add(Json);
        root.Options.Add(Verbose);
    }

    /// <summary>The threads that were asked for.</summary>
    public Workers OpenWorkers(ParseResult arguments) =>
        arguments.GetValue(Threads) is { } count && count != Workers.Default.Count ? new Workers(count) : Workers.Default;
}
