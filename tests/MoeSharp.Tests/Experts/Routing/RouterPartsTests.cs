using MoeSharp.Experts;
using MoeSharp.Experts.Balancing;
using MoeSharp.Experts.Banks;
using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;

namespace MoeSharp.Tests.Experts.Routing;

public class RouterPartsTests
{
    [Fact]
    public void A_router_that_does_not_fit_names_all_its_faults_at_once()
    {
        Should.Throw<ConfigException>(() => new MoeLayer(4, ExpertBank.SwiGlu(8, 4), Router.Mixtral(9)))
            .Message.ShouldBe("Invalid Router:\n  TopK must be between 1 and ExpertCount (8), got 9.");
        var router = new Router(Score.Sigmoid, Select.GroupLimitedTopK(9, groups: 3, keep: 4), Weigh.Normalized());
        Should.Throw<ConfigException>(() => new MoeLayer(4, ExpertBank.SwiGlu(8, 4), router)).Faults.Count.ShouldBe(3);
    }

    [Fact]
    public void A_router_belongs_to_one_layer()
    {
        Router router = Router.Mixtral();
        _ = new MoeLayer(4, ExpertBank.SwiGlu(4, 4), router);
        Should.Throw<InvalidOperationException>(() => new MoeLayer(4, ExpertBank.SwiGlu(4, 4), router, name: "layers.1"))
            .Message.ShouldBe("router: it already belongs to a layer. Make a new one for 'layers.1.router'.");
    }

    [Fact]
    public void Tokens_of_another_width_are_refused()
    {
        var layer = new MoeLayer(4, ExpertBank.SwiGlu(4, 4), Router.Mixtral());
        using var scope = new TensorScope();
        Should.Throw<TensorShapeException>(() => layer.Forward(scope.Zeros(new(2, 5))))
            .Message.ShouldBe("moe layer: the tokens have shape [2, 5]. Their last dimension must be 4.");
    }

    [Fact]
    public void Hash_sends_equal_tokens_to_equal_experts_with_weight_one()
    {
        int[] table = ExpertTable.Random(100, 8, new Rng(1));
        var layer = new MoeLayer(4, ExpertBank.SwiGlu(8, 4), Router.Hash(table));
        using var scope = new TensorScope();
        var context = new RoutingContext { TokenIds = Indices.From([7, 3, 7, 99]) };
        RoutingDecision decision = layer.Forward(scope.Zeros(new(4, 4)), context).Routing;
        decision.Ids.Span.ToArray().ShouldBe([table[7], table[3], table[7], table[99]]);
        decision.Weights.ToArray().ShouldAllBe(weight => weight == 1);
        layer.Router.Parameters.ShouldBeEmpty();
        Should.Throw<InvalidOperationException>(() => layer.Forward(scope.Zeros(new(4, 4))))
            .Message.ShouldBe("table router: it chooses by token id and the context has none. Set RoutingContext.TokenIds.");
        Should.Throw<ArgumentOutOfRangeException>(() =>
            layer.Forward(scope.Zeros(new(1, 4)), new RoutingContext { TokenIds = Indices.From([100]) }))
            .Message.ShouldStartWith("table router: token id 100 at row 0 is not in the table. Ids go from 0 to 99.");
    }

    [Fact]
    public void Several_hashes_of_a_token_differ()
    {
        int[] table = ExpertTable.Random(200, 6, new Rng(2), k: 3);
        for (int token = 0; token < 200; token++)
        {
            table.AsSpan(token * 3, 3).ToArray().Distinct().Count().ShouldBe(3);
        }
    }

    [Fact]
    public void Balanced_hash_evens_out_what_words_do_not()
    {
        long[] frequencies = [.. Enumerable.Range(1, 500).Select(rank => 100_000L / rank)];
        int[] table = ExpertTable.Balanced(frequencies, 8);
        long[] load = new long[8];
        for (int token = 0; token < 500; token++)
        {
            load[table[token]] += frequencies[token];
        }

        // The most frequent token alone is more than an eighth; the others share evenly.
        ((double)load.Order().SkipLast(1).Last() / load.Min()).ShouldBeLessThan(1.01);
    }

    [Fact]
    public void Pangu_stays_inside_the_experts_of_the_domain()
    {
        int[] table = ExpertTable.Random(50, 4, new Rng(3));
        var layer = new MoeLayer(4, ExpertBank.SwiGlu(12, 4), Router.PanGuSigma(table, expertsPerDomain: 4));
        using var scope = new TensorScope();
        var context = new RoutingContext { TokenIds = Indices.From([5, 5, 5]), DomainIds = Indices.From([0, 1, 2]) };
        layer.Forward(scope.Zeros(new(3, 4)), context).Routing.Ids.Span.ToArray().ShouldBe([table[5], 4 + table[5], 8 + table[5]]);
    }

    [Fact]
    public void The_bias_pulls_load_to_starved_experts_until_it_is_even()
    {
        // Logits that favour expert 0: without the bias it gets everything first.
        var router = new Router(Score.Sigmoid, Select.TopK(1), Weigh.Raw) { Bias = new ExpertBias(0.02f) };
        router.Initialize("router", 1, 4, rng: null);
        float[] logits = new float[64 * 4];
        new Rng(8).FillNormal(logits, 0.3f);
        for (int t = 0; t < 64; t++)
        {
            logits[t * 4] += 1.5f;
        }

        int[] counts = [];
        for (int step = 0; step < 60; step++)
        {
            using var scope = new TensorScope();
            RoutingDecision decision = router.Decide(scope.From(logits, new(64, 4)), RoutingContext.Default);
            router.Bias!.Count(decision);
            router.Bias.Update();
            counts = new int[4];
            decision.CountChosen(counts);
            if (step == 0)
            {
                counts.Max().ShouldBeGreaterThan(60);
            }
        }

        counts.Max().ShouldBeLessThan(28);
    }

    [Fact]
    public void A_centred_update_keeps_the_sum_of_biases()
    {
        var bias = new ExpertBias(0.1f, centred: true);
        bias.Initialize(4);
        bias.Update([10, 0, 0, 0]);
        bias.Value.ToArray().Sum().ShouldBe(0, 1e-6f);
        bias.Value.ToArray().ShouldBe([-0.15f, 0.05f, 0.05f, 0.05f], 1e-6f);
    }

    [Fact]
    public void Capacities_round_as_their_projects_do()
    {
        var facts = new CapacityFacts(Tokens: 18, Experts: 8, Choices: 2, LargestLoad: 9);
        CapacityRule.DeepSpeed(1, minimum: 4).Rows(facts).ShouldBe(5);
        CapacityRule.MegatronCore(1).Rows(facts).ShouldBe(5);
        CapacityRule.VMoe(1).Rows(facts).ShouldBe(8);
        CapacityRule.VMoe(1, roundsUp: false, multipleOf: 1).Rows(facts).ShouldBe(4); // 4.5 to even
        CapacityRule.StMoe(1).Rows(facts).ShouldBe(4);
        CapacityRule.Tutel(1).Rows(facts).ShouldBe(6);
        CapacityRule.Tutel(1.25).Rows(facts).ShouldBe(6); // 2·⌊3.75⌋
        CapacityRule.Tutel(0).Rows(facts).ShouldBe(9);
        CapacityRule.Nllb.Rows(facts).ShouldBe(6);
        CapacityRule.Switch(1).Rows(facts).ShouldBe(2);
        CapacityRule.GShard().Rows(facts).ShouldBe(5);
        CapacityRule.LargestLoad.Rows(facts).ShouldBe(9);
    }

    [Fact]
    public void Padding_that_is_routed_takes_the_last_places()
    {
        // All three tokens want expert 0, which has two places; the padding row wants it most.
        using var scope = new TensorScope();
        Tensor logits = scope.From([1, 0, 9, 0, 2, 0], new(3, 2));
        var router = new Router(Score.Softmax, Select.TopK(1), Weigh.Raw)
        {
            RoutesPadding = true,
            Capacity = new Capacity(CapacityRule.Fixed(2)) { Priority = CapacityPriority.TokenScore },
        };
        RoutingDecision decision = router.Decide(logits, new RoutingContext { Padding = Indices.From([0, 1, 0]) });
        decision.Positions!.Span.ToArray().ShouldBe([1, 2, 0]);
        decision.ServedIds.Span.ToArray().ShouldBe([0, -1, 0]);
        decision.Weights.Span[1].ShouldBe(0);
    }

    [Fact]
    public void Balanced_assignment_finds_the_best_sum_of_all_even_ones()
    {
        var rng = new Rng(5);
        for (int trial = 0; trial < 30; trial++)
        {
            float[] scores = new float[6 * 3];
            rng.FillNormal(scores, 1);
            int[] experts = BalancedAssignment.Solve(scores, 3);
            experts.GroupBy(e => e).ShouldAllBe(group => group.Count() == 2);
            double sum = experts.Select((e, t) => (double)scores[(t * 3) + e]).Sum();
            sum.ShouldBe(Best(scores, 0, [2, 2, 2]), 1e-5);
        }
    }

    [Fact]
    public void The_sparse_mixer_gives_weights_near_one_each_unless_experts_nearly_tie()
    {
        using var scope = new TensorScope();
        RoutingDecision decision = Router.PhiMoe().Decide(scope.From([5, 1, 4, 0, 2, 2.01f, -1, -1], new(2, 4)), RoutingContext.Default);
        decision.Ids.Span.ToArray().ShouldBe([0, 2, 1, 0]);
        decision.Weights.Row(0).ToArray().ShouldBe([1f, 1f]);
        decision.Weights.Row(1)[0].ShouldBe(1 / (1 + MathF.Exp(-0.01f)), 1e-5f);
    }

    [Fact]
    public void Remoe_steers_its_coefficient_to_the_wanted_sparsity()
    {
        Balance balance = Balance.ReMoe(2);
        var control = new SparsityControl(balance.Losses[0], topK: 2, expertCount: 8);
        control.Target.ShouldBe(0.75f);
        control.Update(0.5f);
        control.Lambda.ShouldBe(1.2e-8f, 1e-13f);
        control.Update(0.75f); // equality divides
        control.Lambda.ShouldBe(1e-8f, 1e-13f);
        balance.Losses[0].Coefficient.ShouldBe(control.Lambda);
    }

    private static double Best(float[] scores, int token, int[] left)
    {
        if (token == 6)
        {
            return 0;
        }

        double best = double.NegativeInfinity;
        for (int e = 0; e < 3; e++)
        {
            if (left[e] > 0)
            {
                left[e]--;
                best = Math.Max(best, scores[(token * 3) + e] + Best(scores, token + 1, left));
                left[e]++;
            }
        }

        return best;
    }
}
