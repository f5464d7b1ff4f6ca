#:project ../src/MoeSharp/MoeSharp.csproj
// What fewer experts a token cost and bring: dotnet run -c Release bench/experts.cs [TOKENS] [OUT.json]
// The built-in model on held-out text of its books (documents it never saw), judged by itself with all experts; then speeds of a shape
// with eight experts a token. One thread, processor's time.
using System.Globalization;
using System.Text.Json;
using MoeSharp;
using MoeSharp.Analysis;
using MoeSharp.Analysis.Planning;
using MoeSharp.Analysis.Scoring;
using MoeSharp.Analysis.Speed;
using MoeSharp.Data;
using MoeSharp.Experts.Routing;
using MoeSharp.Inference;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;
using MoeSharp.Training.Recipes;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
int wanted = args.Length > 0 ? int.Parse(args[0]) : 16384;
using var workers = new Workers(1);
Model model = Model.Tiny;
Recipe recipe = Recipe.Read(Path.Combine("recipes", "tiny.json"));
TokenCorpus corpus = TokenCorpus.Tokenize(TextCorpus.Open(recipe.Corpus.Paths, recipe.Corpus.Options).Documents(), model.Tokenizer!, model.EndTokens[0]);
int[] ids = corpus.Split(recipe.Corpus.Split).HeldOut.Tokens[..wanted].ToArray();
var windows = new WindowOptions { Length = 256 };

(string Name, ExpertReduction Experts)[] points =
[
    ("all (2)", ExpertReduction.None),
    .. ((float[])[0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.6f, 0.7f, 0.8f, 0.9f]).Select(share => ($"--min-weight {share}", new ExpertReduction { MinWeight = share })),
    ("--experts 1", new ExpertReduction { TopK = 1 }),
];

// Decode: all points in turn, many times, the best of each; so a drift of the machine meets all alike.
double[] best = [.. points.Select(_ => double.MaxValue)];
for (int round = 0; round < 8; round++)
{
    for (int i = 0; i < points.Length; i++)
    {
        using var session = new Session(model.Decoder, workers, capacity: 512, experts: points[i].Experts);
        session.Read(ids.AsSpan(0, 128));
        TimeSpan start = Environment.CpuUsage.TotalTime;
        foreach (int id in ids.AsSpan(128, 128))
        {
            session.Read([id]);
        }

        best[i] = Math.Min(best[i], (Environment.CpuUsage.TotalTime - start).TotalSeconds / 128);
    }
}

var results = new List<object[]>();
Console.WriteLine($"built-in model, {wanted} held-out tokens in windows of {windows.Length}, decode with 128 to 256 tokens before");
Console.WriteLine("| request | experts a token | weights a token | perplexity | KL divergence | same top | decode |");
Console.WriteLine("|---|---|---|---|---|---|---|");
for (int i = 0; i < points.Length; i++)
{
    ModelDifference difference = ModelComparison.Run(model, model, ids, windows, workers, experts: points[i].Experts);
    double experts = difference.SecondExpertsPerToken, bytes = DecodeBytes.Of(model.Decoder, experts);
    Console.WriteLine($"| {points[i].Name} | {experts:F2} | {bytes / 1e6:F2} MB | {difference.Second.Perplexity:F2} | {difference.MeanDivergence:F4} | {100 * difference.SameTop:F1} % | {best[0] / best[i]:F2} |");
    results.Add([points[i].Name, experts, bytes, difference.Second.Perplexity, difference.MeanDivergence, difference.SameTop, 1 / best[i]]);
}

// A larger shape: what is saved where experts are what is read. One layer and a small vocabulary, so that the head does not hide them.
DecoderConfig shape = ModelShapes.Find("olmoe-1b-7b", 1) with { VocabularySize = 4096 };
Decoder large = SyntheticModel.Create(shape, SyntheticModel.Recipe("Q4_K_M"));
Console.WriteLine();
Console.WriteLine("olmoe-1b-7b, 1 layer, 4096 tokens of vocabulary, Q4_K_M");
Console.WriteLine("| request | weights a token | decode, tokens/s | prompt of 256, tokens/s |");
Console.WriteLine("|---|---|---|---|");
foreach (int experts in (int[])[8, 6, 4, 2, 1])
{
    var options = new SpeedOptions
    {
        Prompt = 256,
        Repeats = 7,
        ProcessorTime = true,
        Experts = experts == 8 ? ExpertReduction.None : new ExpertReduction { TopK = experts },
    };
    var speed = new ModelSpeed(large, workers, options);
    SpeedMeasure decode = speed.Decode(), prefill = speed.Prefill();
    double bytes = DecodeBytes.Of(large, experts);
    Console.WriteLine($"| --experts {experts} | {bytes / 1e6:F1} MB | {decode.Maximum:F0} | {prefill.Maximum:F0} |");
    results.Add([$"olmoe-1b-7b --experts {experts}", experts, bytes, decode.Maximum, prefill.Maximum]);
}

if (args.Length > 1)
{
    using FileStream file = File.Create(args[1]);
    using var json = new Utf8JsonWriter(file, new JsonWriterOptions { Indented = true });
    json.WriteStartObject();
    json.WriteString("columns", "built-in model: request, experts a token, bytes a token, perplexity, KL divergence, same top, decode tokens/s; shape: request, experts, bytes a token, decode tokens/s, prompt tokens/s");
    json.WriteNumber("tokens", wanted);
    json.WriteStartArray("results");
    foreach (object[] row in results)
    {
        json.WriteStartArray();
        foreach (object value in row)
        {
            if (value is string text)
            {
                json.WriteStringValue(text);
            }
            else
            {
                json.WriteNumberValue(Convert.ToDouble(value));
            }
        }

        json.WriteEndArray();
    }

    json.WriteEndArray();
    json.WriteEndObject();
}
