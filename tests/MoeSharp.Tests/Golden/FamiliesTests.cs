using System.Text.Json;
using MoeSharp.Analysis;
using MoeSharp.Experts.Balancing;
using MoeSharp.Formats.Safetensors;
using MoeSharp.Inference;
using MoeSharp.Models.Decoding;
using MoeSharp.Models.Decoding.Families;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Tests.Golden;

/// <summary>Published families against transformers: logits, hidden states, experts, greedy continuations, losses, gradients.</summary>
public class FamiliesTests
{
    private const double LogitsLimit = 1e-4; // of the largest reference value
    private const double LossLimit = 2e-5;
    private const double GradientLimit = 2e-4; // of the tensor's largest value
    private const double SumLimit = 1e-4; // of the norm
    private const double SureMargin = 1e-3;
    private static readonly string[] s_prompts = ["p0", "p1", "p2"];

    public static TheoryData<string> Names => [.. FamilyFolder.Names];

    // Held against ReferenceDecoder (ReferenceDecoderTests), or a frame around another family's reference, or its second name.
    private static readonly string[] s_withoutReference = ["llama", "qwen2", "qwen3", "llama4", "grok-1", "kimi_k2"];

    [Fact]
    public void Every_other_family_has_a_reference() => FamilyFolder.Names.Order(StringComparer.Ordinal).ShouldBe(
        FamilyCatalogue.All.Select(family => family.ModelType == "llama4_text" ? "llama4" : family.ModelType)
            .Where((type, i) => !s_withoutReference.Contains(FamilyCatalogue.All[i].ModelType)).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Names))]
    public void Logits_hidden_states_and_experts_are_those_of_transformers(string name)
    {
        using var folder = new FamilyFolder(name);
        DecoderConfig config = folder.Decoder.Config;
        foreach (string prompt in s_prompts)
        {
            LogitsDump dump = LogitsDump.Run(folder.Decoder, folder.Ids(prompt + ".input_ids"));
            Compare($"{name} {prompt} logits", dump.Logits, folder.Floats(prompt + ".logits"), LogitsLimit);
            for (int index = 0; index <= config.LayerCount; index++)
            {
                Compare($"{name} {prompt} hidden {index}", dump.Hidden[index], folder.Floats($"{prompt}.hidden.{index}"), LogitsLimit);
            }

            int[] layers = [.. Enumerable.Range(0, config.LayerCount).Where(layer => folder.Has($"{prompt}.routing.{layer}.ids"))];
            if (name != "llama4") // its reference has no routing
            {
                dump.Routing.Select(layer => layer.Layer).ShouldBe(layers);
            }

            foreach (LayerRouting layer in dump.Routing.Where(layer => layers.Contains(layer.Layer)))
            {
                CompareRouting($"{name} {prompt} layer {layer.Layer}", layer,
                    folder.Ids($"{prompt}.routing.{layer.Layer}.ids"), folder.Floats($"{prompt}.routing.{layer.Layer}.weights"));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_greedy_continuation_is_that_of_transformers(string name)
    {
        using var folder = new FamilyFolder(name);
        var generator = new Generator(folder.Decoder, tokenizer: null, endTokens: []);
        int number = 0;
        foreach (JsonElement prompt in folder.Json.GetProperty("prompts").EnumerateArray())
        {
            int[] expected = [.. prompt.GetProperty("greedy").EnumerateArray().Select(id => id.GetInt32())];
            double[] margins = [.. prompt.GetProperty("greedy_margins").EnumerateArray().Select(margin => margin.GetDouble())];
            int sure = Array.FindIndex(margins, margin => margin <= SureMargin) is >= 0 and var first ? first : margins.Length;
            IEnumerable<GeneratedToken> tokens = generator.Generate(
                folder.Ids($"p{number}.input_ids"),
                new GenerationOptions { MaxTokens = expected.Length },
                cancellation: TestContext.Current.CancellationToken);
            int[] ids = [.. tokens.Select(token => token.Id)];
            ids[..sure].ShouldBe(expected[..sure], $"{name} p{number}");
            number++;
        }

        number.ShouldBe(3);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Losses_and_gradients_are_those_of_transformers(string name)
    {
        using var folder = new FamilyFolder(name);
        int[] ids = folder.Ids("train.input_ids");
        using var scope = new TensorScope(record: true);
        const int rows = 2;
        int length = ids.Length / rows;
        int[] targets = [.. ids.Select((_, i) => (i + 1) % length == 0 ? -1 : ids[i + 1])];
        DecoderOutput output = folder.Decoder.Forward(
            scope, Indices.From(ids), SequenceLayout.Uniform(rows, length), ForwardOptions.Measured);
        Tensor loss = CrossEntropyOp.Apply(output.RequiredLogits, targets);

        Near($"{name} loss", loss.ToScalar(), folder.Json.GetProperty("train_loss").GetDouble(), LossLimit);
        if (folder.Json.TryGetProperty("aux_loss", out JsonElement expected))
        {
            BalanceResult balance = folder.Decoder.Balance.Reduce([.. output.Experts.Select(layer => layer.Balance!)]);
            Near($"{name} balance loss", balance.Values[0], expected.GetDouble(), LossLimit);
            if (folder.Json.GetProperty("aux_loss_coefficient") is { ValueKind: JsonValueKind.Number } coefficient)
            {
                Near($"{name} coefficient", folder.Decoder.Config.Experts!.BalanceCoefficient, coefficient.GetDouble(), 1e-6);
            }
        }

        foreach (Parameter parameter in folder.Decoder.Parameters)
        {
            parameter.ClearGradient();
        }

        scope.Tape!.Backward(loss);
        Dictionary<string, float[]> gradients = GradientsByPublishedName(folder);
        List<string> checkedNames = [];
        foreach (JsonProperty facts in folder.Json.GetProperty("gradients").EnumerateObject())
        {
            CompareSums(name, facts, gradients[facts.Name]);
            checkedNames.Add(facts.Name);
            if (folder.Has("grad." + facts.Name))
            {
                Compare($"{name} gradient of {facts.Name}", gradients[facts.Name], folder.Floats("grad." + facts.Name), GradientLimit);
            }
        }

        checkedNames.Order().ShouldBe(gradients.Keys.Order(), "every trained tensor has a reference");
    }

    private static Dictionary<string, float[]> GradientsByPublishedName(FamilyFolder folder)
    {
        Dictionary<string, Parameter> parameters = folder.Decoder.Parameters.ToDictionary(parameter => parameter.Name);
        var gradients = new Dictionary<string, float[]>();
        foreach (WeightBinding binding in folder.Family.Map(folder.Decoder.Config, n => ModelHas(folder, n)).Bindings)
        {
            float[] values = new float[binding.Shape.Length];
            bool isTrained = true;
            foreach (WeightSegment segment in binding.Segments)
            {
                if (!parameters.TryGetValue(segment.Parameter, out Parameter? parameter))
                {
                    isTrained = false; // an expert bias
                    continue;
                }

                ReadOnlySpan<float> gradient = parameter.Gradient!.SpanAt(segment.ParameterStart, (int)segment.Length);
                for (int i = 0; i < gradient.Length; i++)
                {
                    values[segment.TensorIndex(i)] = gradient[i];
                }
            }

            if (isTrained)
            {
                gradients.Add(binding.Tensor, values);
            }
        }

        return gradients;
    }

    private static bool ModelHas(FamilyFolder folder, string tensor)
    {
        using var model = SafetensorsFile.Open(Path.Combine(folder.Path, "model.safetensors"));
        return model.TryFind(tensor, out _);
    }

    private static void CompareSums(string family, JsonProperty facts, float[] gradient)
    {
        double squares = 0, dot = 0;
        for (int i = 0; i < gradient.Length; i++)
        {
            squares += (double)gradient[i] * gradient[i];
            dot += gradient[i] * Math.Sin(i + 1);
        }

        double norm = facts.Value.GetProperty("norm").GetDouble();
        string where = $"{family} gradient of {facts.Name}";
        Math.Abs(Math.Sqrt(squares) - norm).ShouldBeLessThanOrEqualTo(SumLimit * norm, where + ": norm");
        Math.Abs(dot - facts.Value.GetProperty("dot_sin").GetDouble()).ShouldBeLessThanOrEqualTo(SumLimit * norm, where + ": dot_sin");
    }

    private static void CompareRouting(string where, LayerRouting layer, int[] ids, float[] weights)
    {
        int k = ids.Length / layer.TokenCount;
        layer.TopK.ShouldBe(k, where);
        for (int token = 0; token < layer.TokenCount; token++)
        {
            var ours = Enumerable.Range(token * k, k).ToDictionary(i => layer.Ids[i], i => layer.Weights[i]);
            var theirs = Enumerable.Range(token * k, k).ToDictionary(i => ids[i], i => weights[i]);
            ours.Keys.Order().ShouldBe(theirs.Keys.Order(), $"{where}, token {token}: experts");
            foreach ((int id, float weight) in theirs)
            {
                Near($"{where}, token {token}, expert {id}: weight", ours[id], weight, 1e-4);
            }
        }
    }

    private static void Compare(string where, IReadOnlyList<float> ours, float[] theirs, double limit)
    {
        ours.Count.ShouldBe(theirs.Length, where);
        double largest = theirs.Max(Math.Abs), worst = 0;
        int at = 0;
        for (int i = 0; i < theirs.Length; i++)
        {
            double difference = Math.Abs((double)ours[i] - theirs[i]);
            if (!(difference <= worst))
            {
                (worst, at) = (difference, i);
            }
        }

        (worst <= limit * largest).ShouldBeTrue(
            $"{where}: largest difference {worst:E2} at {at} (ours {ours[at]}, theirs {theirs[at]}), limit {limit * largest:E2}");
    }

    private static void Near(string where, double ours, double theirs, double limit) =>
        Math.Abs(ours - theirs).ShouldBeLessThanOrEqualTo(limit * Math.Abs(theirs), $"{where}: ours {ours}, theirs {theirs}");
}
