using System.CommandLine;
using System.Diagnostics;
using MoeSharp.Analysis;
using MoeSharp.Inference;
using MoeSharp.Inference.Sampling;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;

namespace MoeSharp.Cli.Commands;

/// <summary><c>moe run [MODEL] PROMPT</c>: continues a text and shows which experts did the work.</summary>
internal static class RunCommand
{
    public static Command Create(Terminal terminal, CommonOptions common)
    {
        var words = new Argument<string[]>("[MODEL] PROMPT")
        {
            Description = "A model folder (the built-in model when left out) and the text to continue.",
            Arity = new ArgumentArity(1, 2),
        };
        var options = new SamplingArguments();
        var experts = new Option<bool>("--no-experts") { Description = "Do not show which experts did the work." };
        Option<bool> exact = TextArguments.Exact();
        var command = new Command("run", "Continue a text with a model, and show which experts did the work.") { words, experts, exact };
        options.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            (string? path, string prompt) = Split(parsed.GetValue(words)!);
            GenerationOptions generation = options.Read(parsed, parsed.GetValue(common.Seed));
            using Workers workers = common.OpenWorkers(parsed);
            using Model model = Open(path, workers, parsed.GetValue(exact));
            var recorder = new RoutingRecorder();
            int[] ids = model.Encode(prompt);
            if (ids.Length == 0)
            {
                throw new UsageException("the prompt is empty. Give a text to continue.");
            }

            if (ids.Length > model.Config.PositionCount)
            {
                // Told before the prompt is printed.
                throw new ArgumentException(
                    $"the prompt has {ids.Length} tokens, and the model's longest position allows {model.Config.PositionCount}. Shorten the prompt.");
            }

            generation.Experts.ThrowUnlessFits(model.Decoder.ChosenExpertCount);
            if (parsed.GetValue(common.Json))
            {
                await RunReport.WriteJsonAsync(terminal, model, prompt, ids, generation, recorder, cancellation).ConfigureAwait(false);
                return ExitCode.Done;
            }

            await terminal.Out.WriteAsync(prompt).ConfigureAwait(false);
            long start = Stopwatch.GetTimestamp();
            int count = 0;
            FinishReason? finish = null;
            LookupStatistics? lookup = null;
            await foreach (GeneratedToken token in model.GenerateAsync(ids, generation, recorder, cancellation).ConfigureAwait(false))
            {
                await terminal.Out.WriteAsync(token.Text).ConfigureAwait(false);
                await terminal.Out.FlushAsync(cancellation).ConfigureAwait(false);
                count++;
                (finish, lookup) = (token.Finish, token.Lookup);
            }

            await terminal.Out.WriteLineAsync().ConfigureAwait(false);
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            await terminal.Error.WriteLineAsync(
                $"\n{ids.Length} prompt tokens, {count} new in {seconds:F1} s ({count / seconds:F0} tokens/s); {Describe(finish, model)}")
                .ConfigureAwait(false);
            if (lookup is { } found)
            {
                await terminal.Error.WriteLineAsync(Describe(found)).ConfigureAwait(false);
            }

            if (!parsed.GetValue(experts))
            {
                ExpertBars.Write(terminal, ExpertUsage.From(recorder.Layers));
            }

            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>A model by path, its weights as they are stored, or the built-in one.</summary>
    public static Model Open(string? path, Workers workers, bool isExact = false) => path is null || IsTiny(path)
        ? Model.OpenTiny(workers)
        : Model.Load(path, workers, new WeightOptions { IsExact = isExact });

    /// <summary>True for the name of the built-in model, unless something of that name is on disk.</summary>
    public static bool IsTiny(string path) => path == "tiny" && !Directory.Exists(path) && !File.Exists(path);

    private static (string? Path, string Prompt) Split(string[] words)
    {
        if (words.Length == 2)
        {
            return (words[0], words[1]);
        }

        if (File.Exists(words[0]) || Directory.Exists(words[0]))
        {
            throw new UsageException($"'{words[0]}' is a file or folder, and the prompt is missing. Use: moe run {words[0]} \"a text to continue\".");
        }

        return (null, words[0]);
    }

    /// <summary>What look-up brought, as a sentence.</summary>
    public static string Describe(LookupStatistics lookup) => FormattableString.Invariant(
        $"look-up: {lookup.Accepted} of {lookup.Proposed} guessed tokens were right, {lookup.TokensPerPass:F2} tokens a pass.");

    private static string Describe(FinishReason? finish, Model model) => finish switch
    {
        FinishReason.EndToken => "the model ended the text.",
        FinishReason.StopText => "a stop text was reached.",
        FinishReason.PositionLimit => $"the model's longest text ({model.Config.PositionCount} tokens) is reached.",
        _ => "go on with a larger --max-tokens.",
    };
}
