using System.CommandLine;
using MoeSharp.Analysis.Scoring;
using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;

namespace MoeSharp.Cli.Commands;

/// <summary><c>moe eval --perplexity FILE [MODEL]</c>: how well a model predicts a text.</summary>
internal static class EvalCommand
{
    public static Command Create(Terminal terminal, CommonOptions common)
    {
        var path = new Argument<string?>("MODEL") { Description = "A model folder or file; the built-in model when left out.", Arity = ArgumentArity.ZeroOrOne };
        var file = new Option<string>("--perplexity") { Description = "The text to predict.", Required = true, HelpName = "FILE" };
        Option<bool> exact = TextArguments.Exact();
        var text = new TextArguments();
        var command = new Command("eval", "Tell how well a model predicts a text: perplexity, and bits for each byte.") { path, file, exact };
        text.AddTo(command);
        var fewer = new ExpertArguments(samples: false);
        fewer.AddTo(command);
        var cache = new CacheArgument();
        cache.AddTo(command);
        command.SetAction((parsed, cancellation) => Task.Run(
            () =>
            {
                string name = parsed.GetValue(path) ?? "tiny", source = parsed.GetValue(file)!;
                bool isExact = parsed.GetValue(exact);
                ExpertReduction experts = fewer.Read(parsed);
                DType cacheType = cache.Read(parsed);
                using Workers workers = common.OpenWorkers(parsed);
                using Model model = RunCommand.Open(name, workers, isExact);
                int[] ids = TextArguments.Encode(model, source);
                WindowOptions options = text.Read(parsed, model);
                ScoredText score;
                TimeSpan elapsed;
                using (var line = new ProgressLine(terminal))
                {
                    score = TextScorer.Score(model, ids, options, workers, new TextArguments.Display(line, "perplexity", Math.Exp), experts, cacheType, cancellation);
                    elapsed = line.Elapsed;
                }

                if (parsed.GetValue(common.Json))
                {
                    terminal.WriteJson(json =>
                    {
                        json.WriteStartObject();
                        json.WriteString("text", source);
                        json.WriteNumber("tokens", score.TokenCount);
                        json.WriteNumber("bytes", score.ByteCount);
                        TextArguments.WriteJson(json, "result", name, score);
                        TextArguments.WriteJson(json, options);
                        json.WriteBoolean("exact", isExact);
                        json.WriteString("cache", CacheArgument.NameOf(cacheType));
                        ExpertArguments.WriteJson(json, experts);
                        json.WriteNumber("seconds", elapsed.TotalSeconds);
                        json.WriteEndObject();
                    });
                }
                else
                {
                    terminal.Out.WriteLine(FormattableString.Invariant(
                        $"perplexity {score.Perplexity:F4} ± {score.StandardError:F4}, {score.BitsPerByte:F4} bits per byte, {score.MeanNats:F4} nats a token"));
                    terminal.Out.WriteLine(FormattableString.Invariant(
                        $"{score.TokenCount:N0} tokens of {ids.Length:N0} counted, in windows of {options.Length}; {elapsed.TotalSeconds:F1} s"));
                }

                return ExitCode.Done;
            },
            cancellation));
        return command;
    }
}
