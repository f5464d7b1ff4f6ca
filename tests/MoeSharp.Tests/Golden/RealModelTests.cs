using System.Text.Json;
using MoeSharp.Analysis.Scoring;
using MoeSharp.Inference;
using MoeSharp.Models.Decoding;

namespace MoeSharp.Tests.Golden;

/// <summary>A trained model, SmolLM2-135M-Instruct in Q4_1, against transformers on its dequantised weights. It is too large for the repository.</summary>
/// <remarks>transformers 5.23, PyTorch 2.15, float32: <c>Golden/Data/real</c>.</remarks>
public class RealModelTests
{
    private const string FileName = "SmolLM2-135M-Instruct.Q4_1.gguf";

    private static readonly JsonElement s_golden = JsonDocument.Parse(File.ReadAllBytes(
        Path.Combine(AppContext.BaseDirectory, "Golden", "Data", "real", "smollm2-135m.json"))).RootElement;

    [Fact]
    public void Exact_products_give_the_reference_logits_and_its_greedy_tokens()
    {
        using Model model = Load(isExact: true);
        foreach (JsonElement prompt in s_golden.GetProperty("prompts").EnumerateArray())
        {
            int[] ids = Numbers(prompt.GetProperty("ids"));
            using var session = new Session(model.Decoder);
            session.Read(ids);
            foreach (JsonElement best in prompt.GetProperty("last_top10").EnumerateArray())
            {
                session.Logits[best.GetProperty("id").GetInt32()].ShouldBe(best.GetProperty("logit").GetSingle(), 2e-3f);
            }

            int[] greedy = Numbers(prompt.GetProperty("greedy"));
            double[] margins = [.. prompt.GetProperty("greedy_margins").EnumerateArray().Select(margin => margin.GetDouble())];
            int[] ours = [.. model.Generate(ids, new GenerationOptions { MaxTokens = greedy.Length }).Select(token => token.Id)];
            for (int i = 0; i < Math.Min(ours.Length, greedy.Length); i++)
            {
                if (ours[i] != greedy[i])
                {
                    margins[i].ShouldBeLessThanOrEqualTo(1e-3, $"step {i} of \"{prompt.GetProperty("text").GetString()}\"");
                    break; // from a tie on, the texts differ rightly
                }
            }
        }
    }

    [Theory]
    [InlineData(true, 0.001)]
    [InlineData(false, 0.02)]
    public void Perplexity_is_the_reference_within_its_limit(bool isExact, double limit)
    {
        using Model model = Load(isExact);
        JsonElement expected = s_golden.GetProperty("perplexity");
        model.Tokenizer!.Encode(expected.GetProperty("text").GetString()!).ShouldBe(Numbers(expected.GetProperty("ids")));
        int[] ids = Numbers(expected.GetProperty("ids"));
        double reference = expected.GetProperty("perplexity").GetDouble();
        Math.Abs((TextScorer.Score(model, ids).Perplexity / reference) - 1).ShouldBeLessThan(limit);
    }

    private static int[] Numbers(JsonElement list) => [.. list.EnumerateArray().Select(number => number.GetInt32())];

    private static Model Load(bool isExact)
    {
        string path = Path.Combine(Environment.GetEnvironmentVariable("MOESHARP_MODELS") ?? "", FileName);
        Assert.SkipUnless(File.Exists(path), $"{FileName} is not there; set MOESHARP_MODELS to the folder that holds it.");
        return Model.Load(path, options: new WeightOptions { IsExact = isExact });
    }
}
