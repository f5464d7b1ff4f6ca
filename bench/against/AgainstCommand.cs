using System.CommandLine;

namespace MoeSharp.Against;

/// <summary>The command <c>against</c>: this engine and another on the same file, in turns, in one run.</summary>
/// <remarks>
/// <para><c>against PROGRAM FILE.gguf</c> compares; <c>against bench -m FILE.gguf …</c> is this engine in the manner of llama-bench, and what
/// the comparison starts for its own side, so that both sides are processes that load the file.</para>
/// <para>On a shared machine seconds drift by a third from minute to minute; a ratio of two runs that follow one another does not.</para>
/// </remarks>
internal static class AgainstCommand
{
    private const int Failed = 1;
    private const int WrongUsage = 2;

    /// <summary>Parses and runs.</summary>
    /// <returns>0 done, 1 failed, 2 wrong usage.</returns>
    public static async Task<int> InvokeAsync(string[] arguments, TextWriter output, TextWriter error)
    {
        ParseResult parsed = Build(output, error).Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            foreach (string fault in parsed.Errors.Select(fault => fault.Message))
            {
                await error.WriteLineAsync($"against: {fault} See against --help.").ConfigureAwait(false);
            }

            return WrongUsage;
        }

        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false })
                .ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is IOException or InvalidDataException or InvalidOperationException or ArgumentException or ConfigException
            or Formats.ModelFormatException)
        {
            await error.WriteLineAsync("against: " + fault.Message).ConfigureAwait(false);
            return Failed;
        }
    }

    private static RootCommand Build(TextWriter output, TextWriter error)
    {
        var program = new Argument<string>("PROGRAM") { Description = "A program that takes the options of llama-bench and prints its JSON." };
        var file = new Argument<string>("FILE.gguf") { Description = "The model, the same for both." };
        var rounds = Count("--rounds", 5, "Turns of both that are counted.");
        Option<int> prompt = Count("--prompt", 512, "Tokens of the prompt."), generate = Count("--generate", 64, "Tokens to generate.");
        Option<int> threads = Count("--threads", Math.Min(2, Environment.ProcessorCount), "Threads of both."), repeat = Count("--repeat", 1, "Repetitions in a turn.");
        prompt.Aliases.Add("-p");
        generate.Aliases.Add("-n");
        threads.Aliases.Add("-t");
        repeat.Aliases.Add("-r");
        var with = new Option<string[]>("--with") { Description = "A further word for PROGRAM alone, as --with=-rtr --with=1; may be repeated.", HelpName = "WORD" };
        var json = new Option<bool>("--json") { Description = "Print the result as one JSON document." };
        var root = new RootCommand("Compare this engine with another on the same file, in turns, in one run.")
        {
            program, file, rounds, prompt, generate, threads, repeat, with, json,
        };
        root.SetAction(async (parsed, cancellation) =>
        {
            var task = new EngineTask(
                Path.GetFullPath(parsed.GetValue(file)!), parsed.GetValue(prompt), parsed.GetValue(generate), parsed.GetValue(threads), parsed.GetValue(repeat));
            var match = new Match(Engine.Ours(), new Engine(parsed.GetValue(program)!, [], parsed.GetValue(with) ?? []), task);
            await match.RunAsync(parsed.GetValue(rounds), error, cancellation).ConfigureAwait(false);
            MatchReport report = match.Report();
            output.Write(parsed.GetValue(json) ? report.ToJson() : report.ToText());
            return 0;
        });
        root.Subcommands.Add(BenchCommand(output));
        return root;
    }

    // The options of llama-bench that both sides are called with.
    private static Command BenchCommand(TextWriter output)
    {
        var model = new Option<string>("--model", "-m") { Description = "The model.", Required = true };
        Option<int> prompt = Count("--n-prompt", 512, "Tokens of the prompt."), generate = Count("--n-gen", 64, "Tokens to generate.");
        Option<int> threads = Count("--threads", Math.Min(2, Environment.ProcessorCount), "Threads."), repeat = Count("--repetitions", 5, "Repetitions.");
        prompt.Aliases.Add("-p");
        generate.Aliases.Add("-n");
        threads.Aliases.Add("-t");
        repeat.Aliases.Add("-r");
        var format = new Option<string>("--output", "-o") { Description = "The form of the output.", DefaultValueFactory = _ => "json" };
        format.AcceptOnlyFromAmong("json");
        var command = new Command("bench", "Measure this engine, in the manner of llama-bench.") { model, prompt, generate, threads, repeat, format };
        command.SetAction(parsed =>
        {
            var task = new EngineTask(
                parsed.GetValue(model)!, parsed.GetValue(prompt), parsed.GetValue(generate), parsed.GetValue(threads), parsed.GetValue(repeat));
            output.WriteLine(OwnEngine.Run(task));
            return 0;
        });
        return command;
    }

    private static Option<int> Count(string name, int usual, string description)
    {
        var option = new Option<int>(name) { Description = description, HelpName = "N", DefaultValueFactory = _ => usual };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && int.TryParse(result.Tokens[0].Value, out int count) && count is < 1 or > 1_000_000)
            {
                result.AddError($"{name}: {count} is out of range. Use 1 to 1000000.");
            }
        });
        return option;
    }
}
