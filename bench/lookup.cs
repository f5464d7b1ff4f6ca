#:project ../src/MoeSharp/MoeSharp.csproj
// What guessing tokens from the text brings: dotnet run -c Release bench/lookup.cs [OUT.json]
// The built-in model on text that repeats itself and on held-out prose; then what a pass over several tokens costs. One thread, processor's time.
using System.Globalization;
using System.Text.Json;
using MoeSharp;
using MoeSharp.Analysis;
using MoeSharp.Data;
using MoeSharp.Inference;
using MoeSharp.Inference.Sampling;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;
using MoeSharp.Training.Recipes;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
const int Tokens = 200;
using var workers = new Workers(1);
Model model = Model.OpenTiny(workers);
Recipe recipe = Recipe.Read(Path.Combine("recipes", "tiny.json"));
TokenCorpus corpus = TokenCorpus.Tokenize(TextCorpus.Open(recipe.Corpus.Paths, recipe.Corpus.Options).Documents(), model.Tokenizer!, model.EndTokens[0]);
TokenCorpus heldOut = corpus.Split(recipe.Corpus.Split).HeldOut;
int[][] prose = [.. Enumerable.Range(0, 4).Select(i => heldOut.Tokens.Slice(2000 + (i * 8000), 300).ToArray())];
int[][] lists =
[
    model.Encode("the Dolphin of London, and the Heron of Bristol, and the Dolphin of London, and the Heron of Bristol, and"),
    model.Encode("One day he said, \"I will go.\" The next day he said, \"I will go.\" The third day he said, \"I will go.\" The"),
];
var greedy = new GenerationOptions { MaxTokens = Tokens, IgnoresEnd = true };
var drawn = greedy with { Sampling = new SamplingOptions { Temperature = 0.8f, MinP = 0.05f, Seed = 7 } };
var results = new List<(string Name, int Lookup, double TokensPerPass, int Proposed, int Accepted, double Speed)>();
Console.WriteLine($"built-in model, {Tokens} tokens after each prompt; speed over --lookup 0");
Console.WriteLine("| text | --lookup | tokens a pass | guessed | right | speed |");
Console.WriteLine("|---|---|---|---|---|---|");
foreach ((string name, int[][] prompts, GenerationOptions options) in ((string, int[][], GenerationOptions)[])
    [("lists, greedy", lists, greedy), ("held-out prose, greedy", prose, greedy), ("held-out prose, drawn", prose, drawn)])
{
    int[] lookups = [0, 2, 4, 8, 16];
    double[] best = [.. lookups.Select(_ => double.MaxValue)];
    var last = new LookupStatistics[lookups.Length];
    List<int>? plain = null;
    for (int round = 0; round < 3; round++)
    {
        for (int i = 0; i < lookups.Length; i++)
        {
            double seconds = 0;
            List<int> text = [];
            last[i] = default;
            foreach (int[] prompt in prompts)
            {
                // Prompts are read before the clock starts: only the continuation counts.
                using IEnumerator<GeneratedToken> tokens = model.Generate(prompt, options with { LookupTokens = lookups[i] }).GetEnumerator();
                tokens.MoveNext();
                text.Add(tokens.Current.Id);
                TimeSpan start = Environment.CpuUsage.TotalTime;
                while (tokens.MoveNext())
                {
                    text.Add(tokens.Current.Id);
                    if (tokens.Current.Lookup is { } found)
                    {
                        last[i] = new LookupStatistics(last[i].Passes + found.Passes, last[i].Proposed + found.Proposed, last[i].Accepted + found.Accepted);
                    }
                }

                seconds += (Environment.CpuUsage.TotalTime - start).TotalSeconds;
            }

            best[i] = Math.Min(best[i], seconds);
            plain ??= text;
            if (!text.SequenceEqual(plain))
            {
                throw new InvalidOperationException($"{name}, --lookup {lookups[i]}: another text");
            }
        }
    }

    for (int i = 0; i < lookups.Length; i++)
    {
        results.Add((name, lookups[i], last[i].TokensPerPass, last[i].Proposed, last[i].Accepted, best[0] / best[i]));
        Console.WriteLine($"| {name} | {lookups[i]} | {last[i].TokensPerPass:F2} | {last[i].Proposed} | {last[i].Accepted} | {best[0] / best[i]:F2} |");
    }
}

Console.WriteLine();
Console.WriteLine("a pass over n tokens, in passes over one (128 tokens before)");
Console.WriteLine("| model | n = 2 | 3 | 5 | 9 |");
Console.WriteLine("|---|---|---|---|---|");
Decoder large = SyntheticModel.Create(ModelShapes.Find("olmoe-1b-7b", 1) with { VocabularySize = 4096 }, SyntheticModel.Recipe("Q4_K_M"));
foreach ((string name, Decoder decoder) in ((string, Decoder)[])[("built-in", model.Decoder), ("olmoe-1b-7b, 1 layer, vocabulary 4096, Q4_K_M", large)])
{
    int[] rows = [1, 2, 3, 5, 9];
    double[] best = [.. rows.Select(_ => double.MaxValue)];
    using var session = new Session(decoder, workers, capacity: 256);
    var rng = new Rng(3);
    int[] ids = [.. Enumerable.Range(0, 160).Select(_ => rng.NextInt(decoder.Config.VocabularySize))];
    session.Read(ids.AsSpan(0, 128));
    for (int round = 0; round < 40; round++)
    {
        for (int i = 0; i < rows.Length; i++)
        {
            session.Truncate(128);
            TimeSpan start = Environment.CpuUsage.TotalTime;
            session.ReadEach(ids.AsSpan(128, rows[i]));
            best[i] = Math.Min(best[i], (Environment.CpuUsage.TotalTime - start).TotalSeconds);
        }
    }

    Console.WriteLine($"| {name} | {best[1] / best[0]:F2} | {best[2] / best[0]:F2} | {best[3] / best[0]:F2} | {best[4] / best[0]:F2} |");
    results.AddRange(rows.Select((n, i) => ($"pass, {name}", n, best[i] / best[0], 0, 0, 0.0)));
}

if (args.Length > 0)
{
    using FileStream file = File.Create(args[0]);
    using var json = new Utf8JsonWriter(file, new JsonWriterOptions { Indented = true });
    json.WriteStartArray();
    foreach ((string name, int lookup, double tokensPerPass, int proposed, int accepted, double speed) in results)
    {
        json.WriteStartObject();
        json.WriteString("text", name);
        json.WriteNumber(name.StartsWith("pass", StringComparison.Ordinal) ? "tokens" : "lookup", lookup);
        json.WriteNumber(name.StartsWith("pass", StringComparison.Ordinal) ? "passesOfOne" : "tokensPerPass", Math.Round(tokensPerPass, 4));
        if (speed > 0)
        {
            json.WriteNumber("guessed", proposed);
            json.WriteNumber("right", accepted);
            json.WriteNumber("speed", Math.Round(speed, 3));
        }

        json.WriteEndObject();
    }

    json.WriteEndArray();
}
