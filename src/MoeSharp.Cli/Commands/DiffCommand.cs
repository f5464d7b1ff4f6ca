using System.CommandLine;
using System.Text.Json;
using MoeSharp.Analysis.Planning;
using MoeSharp.Analysis.Scoring;
using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;
using Spectre.Console;

namespace MoeSharp.Cli.Commands;

/// <summary><c>moe diff A B --text FILE</c>: two models, or two quantisations of one, on the same text.</summary>
internal static class DiffCommand
{
    private static readonly double[] s_parts = [0.5, 0.9, 0.99, 1];

    public static Command Create(Terminal terminal, CommonOptions common)
    {
        var first = new Argument<string>("A") { Description = "The reference: a model folder or file, or 'tiny'." };
        var second = new Argument<string>("B") { Description = "The model that is judged by it." };
        var file = new Option<string>("--text") { Description = "The text that both read.", Required = true, HelpName = "FILE" };
        Option<bool> exact = TextArguments.Exact();
        var exactFirst = new Option<bool>("--exact-first") { Description = "The same for A alone." };
        var text = new TextArguments();
        var command = new Command("diff", "Compare two models, or two quantisations of one, on the same text.") { first, second, file, exact, exactFirst };
        text.AddTo(command);
        var fewer = new ExpertArguments(samples: false, " in B");
        fewer.AddTo(command);
        command.SetAction((parsed, cancellation) => Task.Run(
            () =>
            {
                string a = parsed.GetValue(first)!, b = parsed.GetValue(second)!, source = parsed.GetValue(file)!;
                bool isExact = parsed.GetValue(exact);
                ExpertReduction experts = fewer.Read(parsed);
                using Workers workers = common.OpenWorkers(parsed);
                using Model mine = RunCommand.Open(a, workers, isExact || parsed.GetValue(exactFirst));
                using Model theirs = RunCommand.Open(b, workers, isExact);
                int[] ids = TextArguments.Encode(mine, source);
                if (theirs.Tokenizer is not null && !TextArguments.Encode(theirs, source).SequenceEqual(ids))
                {
                    throw new ArgumentException($"{a} and {b} make different tokens of {source}. Compare models of one tokenizer.");
                }

                WindowOptions options = text.Read(parsed, mine);
                ModelDifference difference;
                using (var line = new ProgressLine(terminal))
                {
                    difference = ModelComparison.Run(
                        mine, theirs, ids, options, workers, new TextArguments.Display(line, "mean divergence", nats => nats), experts, cancellation);
                }

                if (parsed.GetValue(common.Json))
                {
                    terminal.WriteJson(json => WriteJson(json, (a, mine), (b, theirs), source, options, difference, experts));
                }
                else
                {
                    Write(terminal, (a, mine), (b, theirs), difference);
                }

                return ExitCode.Done;
            },
            cancellation));
        return command;
    }

    private static void Write(Terminal terminal, (string Name, Model Model) a, (string Name, Model Model) b, ModelDifference difference)
    {
        terminal.Out.WriteLine(FormattableString.Invariant($"perplexity {difference.First.Perplexity:F4} of {a.Name}, {difference.Second.Perplexity:F4} of {b.Name} ({difference.Second.Perplexity / difference.First.Perplexity:F4} times), {difference.First.TokenCount:N0} tokens"));
        terminal.Out.WriteLine(FormattableString.Invariant($"KL divergence {difference.MeanDivergence:G4} ± {difference.DivergenceError:G2} nats; ")
            + string.Join(", ", s_parts.Select(part => FormattableString.Invariant($"{100 * part:G3} % of places ≤ {difference.Quantile(part):G3}"))));
        terminal.Out.WriteLine(FormattableString.Invariant($"same likeliest token at {100 * difference.SameTop:F2} % of places; probability of the token that came changes by {100 * difference.ProbabilityChange:F2} % (root mean square)"));
        if (difference.Experts.Count == 0)
        {
            return;
        }

        terminal.Out.WriteLine(FormattableString.Invariant($"experts a token {difference.FirstExpertsPerToken:F2} of A, {difference.SecondExpertsPerToken:F2} of B; weights read for a token ")
            + FormattableString.Invariant($"{DecodeBytes.Of(a.Model.Decoder, difference.FirstExpertsPerToken) / 1e6:F2} MB and {DecodeBytes.Of(b.Model.Decoder, difference.SecondExpertsPerToken) / 1e6:F2} MB"));

        Table table = new Table().Border(TableBorder.Simple).AddColumn("layer").AddColumn(new TableColumn("choices shared").RightAligned())
            .AddColumn(new TableColumn("same experts").RightAligned()).AddColumn("least agreed experts");
        foreach (ExpertAgreement layer in difference.Experts)
        {
            IEnumerable<int> least = Enumerable.Range(0, layer.First.Count).Where(expert => layer.Of(expert) < 1).OrderBy(layer.Of).Take(4);
            table.AddRow(
                FormattableString.Invariant($"{layer.Layer}"), FormattableString.Invariant($"{100 * layer.Overlap:F2} %"),
                FormattableString.Invariant($"{100 * layer.SameSet:F2} %"),
                string.Join("  ", least.Select(expert => FormattableString.Invariant($"#{expert} {100 * layer.Of(expert):F0} %"))));
        }

        terminal.Tables.Write(table);
    }

    private static void WriteJson(
        Utf8JsonWriter json,
        (string Name, Model Model) a,
        (string Name, Model Model) b,
        string source,
        WindowOptions options,
        ModelDifference difference,
        ExpertReduction experts)
    {
        json.WriteStartObject();
        json.WriteString("text", source);
        json.WriteNumber("tokens", difference.First.TokenCount);
        TextArguments.WriteJson(json, options);
        TextArguments.WriteJson(json, "first", a.Name, difference.First);
        TextArguments.WriteJson(json, "second", b.Name, difference.Second);
        json.WriteNumber("meanDivergence", difference.MeanDivergence);
        json.WriteNumber("divergenceError", difference.DivergenceError);
        json.WriteNumber("medianDivergence", difference.Quantile(0.5));
        json.WriteNumber("divergence90", difference.Quantile(0.9));
        json.WriteNumber("divergence99", difference.Quantile(0.99));
        json.WriteNumber("largestDivergence", difference.Quantile(1));
        json.WriteNumber("sameTop", difference.SameTop);
        json.WriteNumber("probabilityChange", difference.ProbabilityChange);
        ExpertArguments.WriteJson(json, experts);
        if (difference.Experts.Count > 0)
        {
            json.WriteStartObject("expertsPerToken");
            json.WriteNumber("first", difference.FirstExpertsPerToken);
            json.WriteNumber("second", difference.SecondExpertsPerToken);
            json.WriteEndObject();
            json.WriteStartObject("bytesPerToken");
            json.WriteNumber("first", Math.Round(DecodeBytes.Of(a.Model.Decoder, difference.FirstExpertsPerToken)));
            json.WriteNumber("second", Math.Round(DecodeBytes.Of(b.Model.Decoder, difference.SecondExpertsPerToken)));
            json.WriteEndObject();
        }

        json.WriteStartArray("windowDivergences");
        foreach (double divergence in difference.WindowDivergences)
        {
            json.WriteNumberValue(divergence);
        }

        json.WriteEndArray();
        json.WriteStartArray("experts");
        foreach (ExpertAgreement layer in difference.Experts)
        {
            json.WriteStartObject();
            json.WriteNumber("layer", layer.Layer);
            json.WriteNumber("tokens", layer.TokenCount);
            json.WriteNumber("overlap", layer.Overlap);
            json.WriteNumber("sameSet", layer.SameSet);
            json.WriteStartArray("perExpert");
            for (int expert = 0; expert < layer.First.Count; expert++)
            {
                json.WriteNumberValue(layer.Of(expert));
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
