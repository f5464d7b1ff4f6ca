using System.Text.Json;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Training.Clipping;
using MoeSharp.Training.Optimizers;

namespace MoeSharp.Tests.Golden;

/// <summary>Every optimiser and clipping case of the numerics reference (torch 2.15), step by step.</summary>
public sealed class OptimizersGoldenTests
{
    /// <summary>Cases that are not run, with the reason: none.</summary>
    private static readonly string[] s_skipped = [];

    public static TheoryData<string> OptimizerCases => Names("optimizers.json");

    public static TheoryData<string> ClippingCases => Names("clip_grad_norm.json");

    [Fact]
    public void No_case_is_skipped() => s_skipped.Length.ShouldBe(0);

    [Theory]
    [MemberData(nameof(OptimizerCases))]
    public void Every_step_equals_that_of_torch(string name)
    {
        JsonElement golden = Case("optimizers.json", name);
        JsonElement options = golden.GetProperty("params");
        JsonElement initial = golden.GetProperty("initial");
        var parameter = new Parameter("weight", Tensor.From(Flat(initial), ShapeOf(initial)));
        Optimizer optimizer = Build(name, parameter, options);

        // The iteration of torch's Muon runs in bfloat16; all others compare at the limit of the reference's README.
        (double relative, double absolute) = name.StartsWith("muon", StringComparison.Ordinal) ? (2e-2, 2e-2) : (1e-5, 1e-6);
        JsonElement gradients = golden.GetProperty("gradients"), after = golden.GetProperty("after_each_step");
        for (int step = 0; step < gradients.GetArrayLength(); step++)
        {
            parameter.ClearGradient();
            Flat(gradients[step]).CopyTo(parameter.Value.GradientFor(out _).Span);
            optimizer.Step(options.GetProperty("lr").GetDouble());
            float[] expected = Flat(after[step]);
            for (int i = 0; i < expected.Length; i++)
            {
                Math.Abs((double)parameter.Value.Span[i] - expected[i])
                    .ShouldBeLessThanOrEqualTo((relative * Math.Abs(expected[i])) + absolute, $"{name}, step {step}, element {i}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(OptimizerCases))]
    public void A_scale_of_the_gradient_is_folded_into_the_step(string name)
    {
        JsonElement golden = Case("optimizers.json", name);
        JsonElement options = golden.GetProperty("params"), initial = golden.GetProperty("initial");
        var scaled = new Parameter("weight", Tensor.From(Flat(initial), ShapeOf(initial)));
        var plain = new Parameter("weight", Tensor.From(Flat(initial), ShapeOf(initial)));
        Optimizer first = Build(name, scaled, options), second = Build(name, plain, options);
        foreach (JsonElement gradient in golden.GetProperty("gradients").EnumerateArray())
        {
            float[] values = Flat(gradient);
            values.CopyTo(plain.Value.GradientFor(out _).Span);
            Span<float> doubled = scaled.Value.GradientFor(out _).Span;
            for (int i = 0; i < values.Length; i++)
            {
                doubled[i] = values[i] * 2; // exact, so halving it again gives the same bits
            }

            first.Step(0.01, gradientScale: 0.5);
            second.Step(0.01);
        }

        scaled.Value.ToArray().ShouldBe(plain.Value.ToArray());
    }

    [Theory]
    [MemberData(nameof(ClippingCases))]
    public void Norm_and_clipped_gradients_equal_those_of_torch(string name)
    {
        JsonElement golden = Case("clip_grad_norm.json", name);
        JsonElement options = golden.GetProperty("params"), power = options.GetProperty("norm_type");
        Parameter[] parameters = [.. golden.GetProperty("gradients").EnumerateArray().Select((gradient, index) =>
        {
            var parameter = new Parameter($"p{index}", Tensor.Zeros(ShapeOf(gradient)));
            Flat(gradient).CopyTo(parameter.Value.GradientFor(out _).Span);
            return parameter;
        })];

        double p = power.ValueKind == JsonValueKind.String ? double.PositiveInfinity : power.GetDouble();
        double norm = new GradientNorm(parameters, p).Compute();
        double factor = GradientNorm.Factor(norm, options.GetProperty("max_norm").GetDouble());

        norm.ShouldBe(golden.GetProperty("total_norm").GetDouble(), 1e-5 * norm);
        JsonElement clipped = golden.GetProperty("clipped");
        for (int index = 0; index < parameters.Length; index++)
        {
            float[] expected = Flat(clipped[index]);
            for (int i = 0; i < expected.Length; i++)
            {
                (parameters[index].Gradient!.Span[i] * factor)
                    .ShouldBe(expected[i], (1e-5 * Math.Abs(expected[i])) + 1e-6, $"{name}, {index}, {i}");
            }
        }
    }

    private static Optimizer Build(string name, Parameter parameter, JsonElement options)
    {
        double Number(string key, double otherwise) =>
            options.TryGetProperty(key, out JsonElement value) ? value.GetDouble() : otherwise;
        bool Flag(string key) => options.TryGetProperty(key, out JsonElement value) && value.GetBoolean();

        Parameter[] all = [parameter];
        var decay = new WeightDecay(Number("weight_decay", 0), DecayRule.All);
        if (name.StartsWith("adam", StringComparison.Ordinal))
        {
            JsonElement betas = options.GetProperty("betas");
            return new AdamW(all, decay, new AdamOptions
            {
                Beta1 = betas[0].GetDouble(),
                Beta2 = betas[1].GetDouble(),
                Epsilon = Number("eps", 1e-8),
                AmsGrad = Flag("amsgrad"),
                DecoupledDecay = name.StartsWith("adamw", StringComparison.Ordinal),
            });
        }

        return name.Split('_')[0] switch
        {
            "sgd" => new Sgd(all, Number("momentum", 0), Flag("nesterov"), Number("dampening", 0), decay),
            "adagrad" => new Adagrad(
                all, Number("eps", 1e-10), Number("lr_decay", 0), Number("initial_accumulator_value", 0), decay),
            "rmsprop" => new RmsProp(
                all, Number("alpha", 0.99), Number("eps", 1e-8), Flag("centered"), Number("momentum", 0), decay),
            "muon" => new Muon(all, Number("momentum", 0.95), decay: decay),
            _ => throw new InvalidOperationException($"{name}: an optimiser this test does not know."),
        };
    }

    private static TheoryData<string> Names(string file)
    {
        using JsonDocument document = Open(file);
        return [.. document.RootElement.GetProperty("cases").EnumerateArray()
            .Select(entry => entry.GetProperty("name").GetString()!).Except(s_skipped)];
    }

    private static JsonElement Case(string file, string name)
    {
        using JsonDocument document = Open(file);
        return document.RootElement.GetProperty("cases").EnumerateArray()
            .Single(entry => entry.GetProperty("name").GetString() == name).Clone();
    }

    private static JsonDocument Open(string file) => JsonDocument.Parse(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", "Data", "numerics", file)));

    private static float[] Flat(JsonElement element) => element.ValueKind == JsonValueKind.Array
        ? [.. element.EnumerateArray().SelectMany(Flat)]
        : [element.GetSingle()];

    private static TensorShape ShapeOf(JsonElement element)
    {
        var sizes = new List<long>();
        for (; element.ValueKind == JsonValueKind.Array; element = element[0])
        {
            sizes.Add(element.GetArrayLength());
        }

        return TensorShape.From([.. sizes]);
    }
}
