using MoeSharp.Experts.Balancing;
using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Tests.Laws;

/// <summary>The balance rules beside load times score: smooth load under noise, entropies, ReLU outputs. Value at balance, gradient, padding.</summary>
public class SmoothBalanceLawsTests
{
    private const int Experts = 6;

    private static readonly LogitNoise s_noise = LogitNoise.Gaussian(2);

    private static readonly Dictionary<string, (Func<BalanceLoss> Create, float? AtBalance)> s_rules = new()
    {
        ["shazeer load"] = (() => Balance.Shazeer(s_noise).Losses[1], 0),
        ["vmoe load"] = (() => Balance.VMoe(s_noise).Losses[1], 0),
        ["tutel load"] = (() => Balance.Tutel(s_noise).Losses[1], 0),
        ["tutel importance"] = (() => Balance.Tutel(s_noise).Losses[0], 0),
        ["limoe, many experts"] = (() => Balance.Limoe(0, targetExperts: Experts).Losses[1], 0),
        ["limoe, confident tokens"] = (() => Balance.Limoe(0, targetExperts: Experts).Losses[0], null), // says nothing of balance
        ["remoe"] = (() => Balance.ReMoe(2).Losses[0], null), // grows with the outputs themselves
    };

    public static TheoryData<string> Names => [.. s_rules.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_value_at_balance_is_the_one_of_its_convention(string name)
    {
        // Each token prefers the experts around a circle from its own on: all experts fare alike.
        using var scope = new TensorScope();
        Tensor logits = scope.New(new(2 * Experts, Experts));
        for (int i = 0; i < logits.Length; i++)
        {
            logits.Span[i] = 1 - (0.3f * (((i % Experts) - (i / Experts) + (2 * Experts)) % Experts));
        }

        float value = Value(name, logits, Context(null, [0, Experts, 2 * Experts])).ToScalar();
        if (s_rules[name].AtBalance is { } expected)
        {
            value.ShouldBe(expected, 1e-6f);
        }

        for (int t = 0; t < logits.Rows; t++)
        {
            logits.Row(t)[0] += 3; // one expert ahead of the others
        }

        float skewed = Value(name, logits, Context(null, [0, Experts, 2 * Experts])).ToScalar();
        if (s_rules[name].AtBalance is not null)
        {
            skewed.ShouldBeGreaterThan(value + 0.01f);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Gradients_agree_with_differences(string name)
    {
        Tensor logits = Tensor.Zeros(new(7, Experts));
        new Rng(3).FillNormal(logits.Span, 1.5f);
        GradientCheck.Run(
            scope => Value(name, AddOp.Apply(scope.Zeros(logits.Shape), logits), Context(null, [0, 4, 7])),
            [logits],
            step: 1e-3f,
            tolerance: 2e-2);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Padding_never_counts(string name)
    {
        using var scope = new TensorScope();
        float[] values = new float[9 * Experts];
        new Rng(5).FillNormal(values, 1);
        float[] without = [.. values[..(3 * Experts)], .. values[(4 * Experts)..(8 * Experts)]];
        float padded = Value(name, scope.From(values, new(9, Experts)), Context([0, 0, 0, 1, 0, 0, 0, 0, 1], [0, 4, 9])).ToScalar();
        float plain = Value(name, scope.From(without, new(7, Experts)), Context(null, [0, 3, 7])).ToScalar();
        padded.ShouldBe(plain, 1e-5f);
    }

    private static Tensor Value(string name, Tensor logits, RoutingContext context)
    {
        Router router = name == "remoe"
            ? Router.ReMoe(2)
            : new Router(Score.Softmax, Select.TopK(2), Weigh.Raw) { Noise = s_noise };
        BalanceLoss loss = s_rules[name].Create();
        return loss.Reduce([loss.Measure(router.Decide(logits, context), context)]);
    }

    private static RoutingContext Context(int[]? padding, int[] starts) => new()
    {
        IsTraining = true,
        Noise = new Silence(),
        GroupStarts = Indices.From(starts),
        Padding = padding is null ? null : Indices.From(padding),
    };

    /// <summary>Noise that happens to be zero, so that only its deviation matters.</summary>
    private sealed class Silence : INoise
    {
        public void FillNormal(Span<float> values) => values.Clear();

        public void FillUniform(Span<float> values) => values.Clear();

        public void FillExponential(Span<float> values) => values.Fill(1);
    }
}
