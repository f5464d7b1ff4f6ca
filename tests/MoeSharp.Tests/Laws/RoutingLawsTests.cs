using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;

namespace MoeSharp.Tests.Laws;

/// <summary>What holds for every router, whatever its numbers.</summary>
public class RoutingLawsTests
{
    [Theory]
    [InlineData(8, 2)]
    [InlineData(16, 4)]
    [InlineData(5, 5)]
    public void Softmax_then_top_k_then_renormalise_equals_top_k_then_softmax(int experts, int topK)
    {
        using var scope = new TensorScope();
        Tensor logits = Random(scope, 40, experts, seed: 1);
        RoutingDecision before = Router.Mixtral(topK).Decide(logits, RoutingContext.Default);
        RoutingDecision after = Router.SoftmaxAfterTopK(topK).Decide(logits, RoutingContext.Default);
        after.Ids.Span.ToArray().ShouldBe(before.Ids.Span.ToArray());
        ShouldBeClose(after.Weights.Span, before.Weights.Span, 1e-6f);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void One_renormalised_choice_gives_the_router_no_task_gradient(bool normalized)
    {
        using var scope = new TensorScope(record: true);
        Tensor logits = Random(scope, 12, 6, seed: 2);
        logits.NeedsGradient = true;
        logits.Keep();
        Router router = normalized ? Router.Mixtral(1) : Router.Olmoe(1);
        RoutingDecision decision = router.Decide(logits, RoutingContext.Default);
        scope.Tape!.Backward(decision.Weights, Tensor.From([.. Enumerable.Range(1, 12).Select(i => (float)i)], new(12, 1)));
        float largest = logits.Gradient!.ToArray().Max(MathF.Abs);
        if (normalized)
        {
            largest.ShouldBe(0);
        }
        else
        {
            largest.ShouldBeGreaterThan(0.1f); // so Switch does not renormalise
        }
    }

    [Fact]
    public void Equal_scores_choose_the_lower_expert_id()
    {
        using var scope = new TensorScope();
        Tensor logits = scope.From([1, 3, 3, 3, 0, 0, 0, 0], new(2, 4));
        Router.Mixtral(2).Decide(logits, RoutingContext.Default).Ids.Span.ToArray().ShouldBe([1, 2, 0, 1]);
    }

    [Fact]
    public void Expert_bias_changes_ids_and_never_weights()
    {
        var router = new Router(Score.Sigmoid, Select.TopK(1), Weigh.Raw) { Bias = new ExpertBias() };
        router.Initialize("router", 1, 3, rng: null);
        router.Bias!.Value.Span[2] = 5;
        using var scope = new TensorScope();
        RoutingDecision decision = router.Decide(scope.From([2, 1, -3], new(1, 3)), RoutingContext.Default);
        decision.Ids[0].ShouldBe(2);
        decision.Weights.Span[0].ShouldBe(1 / (1 + MathF.Exp(3)), 1e-7f);
    }

    [Fact]
    public void A_masked_group_loses_even_where_zero_would_win()
    {
        // Group 0 holds the best sum, but both of its biased scores are below zero: a mask of 0.0 would prefer the closed group.
        using var scope = new TensorScope();
        Tensor logits = scope.From([0, 0, 0, 0], new(1, 4)); // sigmoid ½ everywhere
        int[] Choose(bool maskWithZero)
        {
            var router = new Router(Score.Sigmoid, Select.GroupLimitedTopK(2, 2, 1, bestOf: 2, maskWithZero), Weigh.Normalized())
            {
                Bias = new ExpertBias(),
            };
            router.Initialize("router", 1, 4, rng: null);
            new float[] { -1, -1.1f, -2, -3 }.CopyTo(router.Bias!.Value.Span);
            return router.Decide(logits, RoutingContext.Default).Ids.Span.ToArray();
        }

        Choose(maskWithZero: false).ShouldBe([0, 1]);
        Choose(maskWithZero: true).ShouldBe([2, 3]); // the mistake, kept as an option for DeepSeek-V2's softmax scores
    }

    [Fact]
    public void Dropped_and_served_choices_add_up()
    {
        using var scope = new TensorScope();
        Tensor logits = Random(scope, 64, 8, seed: 3);
        var context = new RoutingContext { IsTraining = true, Noise = new RngNoise(new Rng(4)) };
        foreach (Router router in new[]
        {
            Router.GShard(), Router.GShardDeepSpeed(0.5), Router.Glam(), Router.VMoe(capacityFactor: 0.5), Router.StMoe(3), Router.Tutel(2, 0.5),
        })
        {
            RoutingDecision decision = router.Decide(logits, context);
            var served = new int[8];
            decision.CountServed(served);
            (served.Sum() + decision.CountDropped()).ShouldBe(64 * decision.TopK);
            served.Max().ShouldBeLessThanOrEqualTo(decision.Capacity);
        }
    }

    [Fact]
    public void A_capacity_that_does_not_bind_changes_nothing()
    {
        using var scope = new TensorScope();
        Tensor logits = Random(scope, 32, 4, seed: 5);
        RoutingDecision free = Router.Mixtral(2).Decide(logits, RoutingContext.Default);
        var router = new Router(Score.Softmax, Select.TopK(2), Weigh.Normalized()) { Capacity = new Capacity(CapacityRule.Fixed(32)) };
        RoutingDecision limited = router.Decide(logits, RoutingContext.Default);
        limited.ServedIds.Span.ToArray().ShouldBe(free.Ids.Span.ToArray());
        limited.Weights.ToArray().ShouldBe(free.Weights.ToArray());
    }

    [Fact]
    public void GShard_keeps_the_second_expert_with_twice_its_weight()
    {
        // w₂ = 0.2 for every token: kept with probability 0.4.
        using var scope = new TensorScope();
        const int tokens = 4000;
        Tensor logits = scope.New(new(tokens, 2));
        for (int t = 0; t < tokens; t++)
        {
            logits.Row(t)[0] = MathF.Log(0.8f);
            logits.Row(t)[1] = MathF.Log(0.2f);
        }

        var context = new RoutingContext { IsTraining = true, Noise = new RngNoise(new Rng(6)) };
        RoutingDecision decision = Router.GShard(capacityFactor: 10).Decide(logits, context);
        var served = new int[2];
        decision.CountServed(served);
        served[0].ShouldBe(tokens);
        ((double)served[1] / tokens).ShouldBe(0.4, 0.03);
    }

    [Fact]
    public void Glam_is_gshard_with_twice_the_capacity()
    {
        using var scope = new TensorScope();
        Tensor logits = Random(scope, 64, 8, seed: 8);
        var context = new RoutingContext { IsTraining = true, Noise = new RngNoise(new Rng(9)) };
        Router.Glam().Decide(logits, context).Capacity.ShouldBe(2 * Router.GShard().Decide(logits, context).Capacity);
    }

    [Fact]
    public void Expert_choice_leaks_the_future_and_is_refused_where_that_matters()
    {
        using var scope = new TensorScope();
        float[] values = Random(scope, 8, 2, seed: 7).ToArray();
        RoutingDecision Decide(float[] given) => Router.ExpertChoice(1).Decide(scope.From(given, new(8, 2)), RoutingContext.Default);
        values[14] = -20;
        values[15] = 20;
        int[] before = Decide(values).Ids.Span.ToArray()[..14];
        values[14] = 20; // only the last token changes its mind …
        values[15] = -20;
        Decide(values).Ids.Span.ToArray()[..14].ShouldNotBe(before); // … and earlier tokens lose an expert

        float[] causal = [.. values];
        int[] topK = Router.Mixtral(1).Decide(scope.From(causal, new(8, 2)), RoutingContext.Default).Ids.Span.ToArray()[..7];
        causal[14] = -20;
        Router.Mixtral(1).Decide(scope.From(causal, new(8, 2)), RoutingContext.Default).Ids.Span.ToArray()[..7].ShouldBe(topK);

        Should.Throw<InvalidOperationException>(() => Router.ExpertChoice().Decide(scope.From(values, new(8, 2)), new RoutingContext { IsCausal = true }))
            .Message.ShouldBe("router: its choice for a token depends on later tokens, so it cannot be used in a causal decoder. "
                + "Use a router that looks at one token at a time (top-k), or a model that sees whole sequences.");
    }

    [Fact]
    public void Routers_that_look_at_the_batch_say_so()
    {
        Router[] alone =
        [
            Router.Jacobs(), Router.Mixtral(), Router.Olmoe(), Router.Qwen2Moe(), Router.Qwen3Moe(), Router.Dbrx(), Router.DeepSeekMoe(),
            Router.DeepSeekV2(), Router.DeepSeekV3(), Router.Llama4(), Router.PhiMoe(), Router.Grok(), Router.NoisyTopK(), Router.ReMoe(2),
            Router.SoftmaxAfterTopK(), Router.Cosine(), Router.Hash([0]), Router.PanGuSigma([0], 1),
        ];
        Router[] together =
        [
            Router.Switch(), Router.GShard(), Router.GShardDeepSpeed(), Router.StMoe(), Router.Glam(), Router.ExpertChoice(), Router.VMoe(),
            Router.Base(), Router.SinkhornBase(), Router.Tutel(), Router.Nllb(), Router.Limoe(), Router.SwitchDeepSpeed(),
        ];
        alone.ShouldAllBe(router => !router.DependsOnBatch);
        together.ShouldAllBe(router => router.DependsOnBatch);
        together.Count(router => router.LooksAhead).ShouldBe(1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Balanced_assignments_leave_padding_out(bool sinkhorn)
    {
        // Rows 3 and 7 are padding that shouts for expert 0; without them the others choose the same.
        using var scope = new TensorScope();
        float[] values = Random(scope, 10, 4, seed: 12).ToArray();
        values[12] = values[28] = 9;
        Router Make() => sinkhorn ? Router.SinkhornBase() : Router.Base();
        var padded = new RoutingContext { IsTraining = true, Padding = Indices.From([0, 0, 0, 1, 0, 0, 0, 1, 0, 0]) };
        int[] with = Make().Decide(scope.From(values, new(10, 4)), padded).Ids.Span.ToArray();
        float[] rest = [.. values[..12], .. values[16..28], .. values[32..]];
        int[] without = Make().Decide(scope.From(rest, new(8, 4)), new RoutingContext { IsTraining = true }).Ids.Span.ToArray();
        with.Where(id => id >= 0).ShouldBe(without);
        with[3].ShouldBe(-1);
    }

    private static Tensor Random(TensorScope scope, int rows, int columns, ulong seed)
    {
        Tensor x = scope.New(new(rows, columns));
        new Rng(seed).FillNormal(x.Span, 1.5f);
        return x;
    }

    private static void ShouldBeClose(ReadOnlySpan<float> values, ReadOnlySpan<float> expected, float tolerance)
    {
        for (int i = 0; i < values.Length; i++)
        {
            values[i].ShouldBe(expected[i], tolerance);
        }
    }
}
