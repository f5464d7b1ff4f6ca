using MoeSharp.Experts.Balancing;
using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;

namespace MoeSharp.Tests.Laws;

/// <summary>What holds for every balance rule: its value at balance, its gradient, and that padding never counts.</summary>
public class BalanceLawsTests
{
    private static readonly LogitNoise s_noise = LogitNoise.Gaussian(1);

    private static readonly Dictionary<string, (Func<int, Balance> Create, Func<int, float> AtBalance)> s_rules = new()
    {
        ["switch"] = (_ => Balance.Switch(), _ => 1),
        ["gshard"] = (_ => Balance.GShard(), _ => 1),
        ["gshard by group"] = (_ => Balance.GShardByGroup(), _ => 1),
        ["megablocks"] = (_ => Balance.MegaBlocks(), _ => 1),
        ["megatron-core"] = (_ => Balance.MegatronCore(), _ => 1),
        ["olmo-core"] = (_ => Balance.OlmoCore(), _ => 1),
        ["olmo-core instance"] = (_ => Balance.OlmoCore(perInstance: true), _ => 1),
        ["hugging face"] = (_ => Balance.HuggingFace(), k => k),
        ["flaxformer"] = (_ => Balance.Flaxformer(), k => k),
        ["st-moe port"] = (_ => Balance.StMoePort(), _ => 1),
        ["deepseek-moe"] = (_ => Balance.DeepSeekMoe(), _ => 1),
        ["deepseek-v3"] = (_ => Balance.DeepSeekV3(), _ => 1),
        ["importance"] = (_ => new Balance(new ImportanceLoss()), _ => 0),
        ["vmoe importance"] = (_ => new Balance(Balance.VMoe(s_noise).Losses[0]), _ => 0),
    };

    public static TheoryData<string, int> Rules => [.. from name in s_rules.Keys from k in new[] { 1, 2, 4 } select (name, k)];

    public static TheoryData<string> Names => [.. s_rules.Keys];

    [Theory]
    [MemberData(nameof(Rules))]
    public void The_value_at_balance_is_the_one_of_its_convention(string name, int topK)
    {
        // Token t prefers the experts t, t + 1, … in falling steps, around a circle: loads and mean scores are equal.
        using var scope = new TensorScope();
        Tensor logits = scope.New(new(32, 8));
        for (int i = 0; i < 256; i++)
        {
            logits.Span[i] = -0.3f * (((i % 8) - (i / 8) + 256) % 8);
        }

        var context = new RoutingContext { GroupStarts = Indices.From([0, 8, 16, 32]) };
        Balance balance = s_rules[name].Create(topK);
        BalanceTerms layer = balance.Measure(Router.Olmoe(topK).Decide(logits, context), context);
        BalanceResult result = balance.Reduce([layer]);
        result.Values[0].ShouldBe(s_rules[name].AtBalance(topK), 1e-5f);
        result.Printed(0).ShouldBe(result.BalancedValues[0] > 0 ? 1 : 0, 1e-5f);

        // However layers join, what is printed is one yardstick.
        balance.Reduce([layer, layer, layer]).Printed(0).ShouldBe(result.Printed(0), 1e-5f);
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public void One_expert_that_takes_all_prints_the_largest_value(string name, int topK)
    {
        using var scope = new TensorScope();
        Tensor logits = scope.Zeros(new(32, 8));
        for (int t = 0; t < 32; t++)
        {
            logits.Row(t)[3] = 60;
        }

        Balance balance = s_rules[name].Create(topK);
        BalanceResult result = balance.Reduce([balance.Measure(Router.Olmoe(topK).Decide(logits, RoutingContext.Default), RoutingContext.Default)]);
        if (topK == 1 && result.BalancedValues[0] > 0)
        {
            result.Printed(0).ShouldBe(8, 1e-4f); // E
        }

        result.Printed(0).ShouldBeGreaterThan(1);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Gradients_agree_with_differences(string name)
    {
        Tensor logits = Tensor.Zeros(new(12, 5));
        new Rng(3).FillNormal(logits.Span, 1.5f);
        Balance balance = s_rules[name].Create(2);
        var context = new RoutingContext { GroupStarts = Indices.From([0, 5, 12]) };
        GradientCheck.Run(
            scope => balance.Losses[0].Reduce([balance.Losses[0].Measure(Router.Mixtral(2).Decide(Leaf(scope, logits), context), context)]),
            [logits],
            step: 1e-3f,
            tolerance: 2e-2);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Padding_never_counts(string name)
    {
        using var scope = new TensorScope();
        float[] values = new float[14 * 6];
        new Rng(5).FillNormal(values, 1);
        Balance balance = s_rules[name].Create(2) + Balance.RouterZ();

        // Rows 5–6 and 12–13 are padding of two sequences of five tokens.
        var padded = new RoutingContext
        {
            GroupStarts = Indices.From([0, 7, 14]),
            Padding = Indices.From([0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 1]),
        };
        var plain = new RoutingContext { GroupStarts = Indices.From([0, 5, 10]) };
        float[] without = [.. values[..30], .. values[42..72]];
        BalanceResult a = balance.Reduce([balance.Measure(Router.Mixtral(2).Decide(scope.From(values, new(14, 6)), padded), padded)]);
        BalanceResult b = balance.Reduce([balance.Measure(Router.Mixtral(2).Decide(scope.From(without, new(10, 6)), plain), plain)]);
        for (int i = 0; i < a.Values.Count; i++)
        {
            a.Values[i].ShouldBe(b.Values[i], 1e-5f);
        }
    }

    [Fact]
    public void Pooling_lets_layers_cancel_and_the_mean_over_layers_does_not()
    {
        // Layer 0 sends everything to experts 0–1, layer 1 to experts 2–3.
        using var scope = new TensorScope();
        RoutingDecision Layer(int first)
        {
            Tensor logits = scope.Zeros(new(8, 4));
            for (int t = 0; t < 8; t++)
            {
                logits.Row(t)[first + (t % 2)] = 20;
            }

            return Router.Olmoe(1).Decide(logits, RoutingContext.Default);
        }

        float Value(Balance balance) => balance.Reduce(
            [balance.Measure(Layer(0), RoutingContext.Default), balance.Measure(Layer(2), RoutingContext.Default)]).Values[0];
        Value(Balance.HuggingFace()).ShouldBe(1, 1e-4f);
        Value(Balance.MegaBlocks()).ShouldBe(2, 1e-4f);
        Value(Balance.DeepSeekMoe()).ShouldBe(4, 1e-4f); // the sum over layers
    }

    [Fact]
    public void Router_z_loss_is_never_negative_and_pulls_logits_down()
    {
        using var scope = new TensorScope(record: true);
        Tensor logits = scope.From([3, 1, 0, -5], new(1, 4));
        logits.NeedsGradient = true;
        logits.Keep();
        var loss = new RouterZLoss();
        Tensor value = loss.Reduce([loss.Measure(Router.Olmoe(1).Decide(logits, RoutingContext.Default), RoutingContext.Default)]);
        value.ToScalar().ShouldBeGreaterThan(0);
        scope.Tape!.Backward(value);
        logits.Gradient!.ToArray().ShouldAllBe(g => g > 0);
    }

    /// <summary>A free tensor as an activation of the scope.</summary>
    private static Tensor Leaf(TensorScope scope, Tensor free) =>
        MoeSharp.Tensors.Autograd.Ops.AddOp.Apply(scope.Zeros(free.Shape), free);
}
