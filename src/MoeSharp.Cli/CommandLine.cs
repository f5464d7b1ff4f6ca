using System.CommandLine;
using System.CommandLine.Parsing;
using MoeSharp.Cli.Commands;

namespace MoeSharp.Cli;

/// <summary>The command <c>moe</c>: parses, runs, and turns faults into one line and an exit code.</summary>
internal static class CommandLine
{
    public static async Task<int> InvokeAsync(string[] arguments, TextWriter output, TextWriter error, Stream? input = null)
    {
        var terminal = new Terminal(output, error, input);
        var common = new CommonOptions();
        RootCommand root = Build(terminal, common);
        ParseResult parsed = root.Parse(arguments);
        string command = parsed.CommandResult.Command is RootCommand ? "moe" : $"moe {parsed.CommandResult.Command.Name}";

        string[] faults = [.. UnknownOptions(parsed), .. parsed.Errors.Select(fault => fault.Message)];
        if (faults.Length > 0)
        {
            foreach (string fault in faults)
            {
                string line = string.Join(' ', fault.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
                await error.WriteLineAsync($"{command}: {line} See {command} --help.").ConfigureAwait(false);
            }

            return ExitCode.WrongUsage;
        }

        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration
            {
                Output = output,
                Error = error,
                EnableDefaultExceptionHandler = false,
                // A trainer saves before it ends; a chat does with Ctrl-C what it wants.
                ProcessTerminationTimeout = parsed.CommandResult.Command.Name == ChatCommand.Name ? null : TimeSpan.FromMinutes(2),
            }).ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            return Faults.Tell(fault, error, command, parsed.GetValue(common.Verbose));
        }
    }

    /// <summary>Words that look like options and would otherwise pass as a model or a prompt.</summary>
    private static IEnumerable<string> UnknownOptions(ParseResult parsed) => parsed.Tokens
        .TakeWhile(token => token.Type != TokenType.DoubleDash)
        .Where(token => token.Type == TokenType.Argument && token.Value.StartsWith("--", StringComparison.Ordinal) && token.Value.Length > 2)
        .Select(token => $"'{token.Value}' is no option of this command. Put a text that begins with -- after a lone --.");

    private static RootCommand Build(Terminal terminal, CommonOptions common)
    {
        var root = new RootCommand("Mixture-of-Experts for .NET: train, run and look inside sparse expert models.");
        common.AddTo(root);
        root.Subcommands.Add(RunCommand.Create(terminal, common));
        root.Subcommands.Add(ChatCommand.Create(terminal, common));
        root.Subcommands.Add(TrainCommand.Create(terminal, common));
        root.Subcommands.Add(InspectCommand.Create(terminal, common));
        root.Subcommands.Add(LogitsCommand.Create(terminal, common));
        root.Subcommands.Add(TokenizeCommand.Create(terminal, common));
        root.Subcommands.Add(VerifyCommand.Create(terminal, common));
        root.Subcommands.Add(ConvertCommand.Create(terminal, common));
        root.Subcommands.Add(QuantizeCommand.Create(terminal, common));
        root.Subcommands.Add(BenchCommand.Create(terminal, common));
        root.Subcommands.Add(EvalCommand.Create(terminal, common));
        root.Subcommands.Add(DiffCommand.Create(terminal, common));
        root.Subcommands.Add(PlanCommand.Create(terminal, common));
        root.Subcommands.Add(PullCommand.Create(terminal, common));
        root.SetAction(parsed =>
        {
            terminal.Error.WriteLine("moe: no command. Try: moe run \"It was a dark and stormy night\", or moe --help.");
            return ExitCode.WrongUsage;
        });
        return root;
    }
}
