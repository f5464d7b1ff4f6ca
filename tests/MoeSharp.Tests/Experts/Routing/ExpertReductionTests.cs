using MoeSharp.Analysis;
using MoeSharp.Experts;
using MoeSharp.Experts.Banks;
using MoeSharp.Experts.Routing;
using MoeSharp.Inference;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;
using MoeSharp.Tests.Models.Decoding;

namespace MoeSharp.Tests.Experts.Routing;

public class ExpertReductionTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string> Mixtures() =>
        [.. SampleConfigs.All.Where(pair => pair.Value.Experts is not null).Select(pair => pair.Key)];

    [Theory]
    [MemberData(nameof(Mixtures))]
    public void As_many_experts_as_the_router_chooses_change_no_bit(string name)
    {
        Decoder decoder = SampleConfigs.Build(name);
        var all = new ExpertReduction { TopK = decoder.Config.Experts!.TopK };
        Logits(decoder, all).ShouldBe(Logits(decoder, null));
    }

    [Theory]
    [MemberData(nameof(Mixtures))]
    public void Fewer_experts_are_the_model_that_was_configured_with_so_many(string name)
    {
        DecoderConfig config = SampleConfigs.All[name];
        ExpertsConfig experts = config.Experts!;
        Assert.SkipWhen(experts.TopK == 1 || experts.Score == ScoreKind.SparseMixer, "its router has no other K");
        for (int k = 1; k < experts.TopK; k++)
        {
            float[] reduced = Logits(SampleConfigs.Build(name), new ExpertReduction { TopK = k });
            Decoder smaller = Decoder.Create(config with { Experts = experts with { TopK = k } }, seed: 7);
            Decoder full = Decoder.Create(config, seed: 7);
            Logits(full, new ExpertReduction { TopK = k }).ShouldBe(Logits(smaller, null), $"K = {k}");
            reduced.ShouldNotBe(Logits(SampleConfigs.Build(name), null));
        }
    }

    [Theory]
    [MemberData(nameof(Mixtures))]
    public void Experts_below_the_share_of_the_best_are_left_out_and_no_others(string name)
    {
        Decoder decoder = SampleConfigs.Build(name);
        LayerRouting full = Routing(decoder, null), thin = Routing(decoder, new ExpertReduction { MinWeight = 0.97f });
        int k = full.TopK, removed = 0;
        for (int t = 0; t < full.TokenCount; t++)
        {
            float[] weights = [.. Enumerable.Range(t * k, k).Select(i => full.Weights[i])];
            for (int choice = 0; choice < k; choice++)
            {
                bool stays = choice == 0 || weights[choice] >= 0.97f * weights.Max();
                thin.Ids[(t * k) + choice].ShouldBe(stays ? full.Ids[(t * k) + choice] : -1, $"token {t}, choice {choice}");
                removed += stays ? 0 : 1;
            }
        }

        if (k > 1)
        {
            removed.ShouldBeGreaterThan(0);
        }
    }

    [Fact]
    public void Weights_are_normalised_again_where_the_router_normalises_and_kept_where_it_does_not()
    {
        var half = new ExpertReduction { MinWeight = 0.9f };
        LayerRouting normalised = Routing(SampleConfigs.Build("mixtral"), half), chosen = Routing(SampleConfigs.Build("gpt_oss"), half);
        foreach (LayerRouting layer in (LayerRouting[])[normalised, chosen])
        {
            layer.Ids.ShouldContain(-1);
            for (int t = 0; t < layer.TokenCount; t++)
            {
                Enumerable.Range(t * layer.TopK, layer.TopK).Sum(i => (double)layer.Weights[i]).ShouldBe(1, 1e-6);
            }
        }

        Decoder olmoe = SampleConfigs.Build("olmoe");
        LayerRouting full = Routing(olmoe, null), thin = Routing(olmoe, half);
        thin.Ids.ShouldContain(-1);
        for (int i = 0; i < full.Weights.Count; i++)
        {
            thin.Weights[i].ShouldBe(thin.Ids[i] < 0 ? 0 : full.Weights[i]);
        }
    }

    [Fact]
    public void Choices_in_the_order_of_ids_are_ranked_by_their_scores()
    {
        // A dense mixture lists all experts by id; three of them are wanted.
        var layer = new MoeLayer(4, ExpertBank.SwiGlu(6, 4), new Router(Score.Softmax, Select.All(), Weigh.Raw));
        using var scope = new TensorScope();
        Tensor x = scope.New(new TensorShape(5, 4));
        new Rng(2).FillNormal(x.Span, 1);
        RoutingDecision full = layer.Forward(x).Routing;
        RoutingDecision thin = layer.Forward(x, new RoutingContext { Intervention = new ExpertReduction { TopK = 3 } }).Routing;
        for (int t = 0; t < 5; t++)
        {
            int[] best = [.. Enumerable.Range(0, 6).OrderByDescending(e => full.Scores!.Row(t)[e]).Take(3).Order()];
            thin.Ids.Span.Slice(t * 6, 6).ToArray().Where(id => id >= 0).ShouldBe(best);
        }
    }

    [Theory]
    [InlineData("qwen3")]
    [InlineData("olmoe")]
    [InlineData("latent_lite")]
    public void Token_by_token_gives_the_bits_of_all_at_once(string name)
    {
        Decoder decoder = SampleConfigs.Build(name);
        var experts = new ExpertReduction { TopK = 2, MinWeight = 0.95f };
        int[] ids = SampleConfigs.Ids(20);
        using var session = new Session(decoder, experts: experts);
        foreach (int id in ids)
        {
            session.Read([id], cancellation: Cancellation);
        }

        session.Logits.ToArray().ShouldBe(Logits(decoder, experts, ids));
    }

    [Fact]
    public void A_step_of_decode_allocates_nothing()
    {
        Decoder decoder = SampleConfigs.Build("mixtral");
        using var workers = new Workers(1);
        using var session = new Session(decoder, workers, capacity: 256, experts: new ExpertReduction { TopK = 2, MinWeight = 0.9f });
        session.Read(SampleConfigs.Ids(10), cancellation: Cancellation);
        int[] next = [5];
        CancellationToken cancellation = Cancellation;
        void Step() => session.Read(next, cancellation: cancellation);
        LeastAllocation.Of(Step, steps: 60, rounds: 1);
        LeastAllocation.Of(Step, steps: 40).ShouldBe(0);
    }

    [Theory]
    [InlineData(-1, 0f, "TopK must be at least 1, got -1")]
    [InlineData(0, -0.1f, "MinWeight must be between 0 and 1, got -0.1")]
    [InlineData(0, 1.5f, "MinWeight must be between 0 and 1, got 1.5")]
    [InlineData(0, float.NaN, "MinWeight must be between 0 and 1, got NaN")]
    public void Nonsense_is_refused(int topK, float minWeight, string fault) =>
        Should.Throw<ConfigException>(() => new GenerationOptions { Experts = new ExpertReduction { TopK = topK, MinWeight = minWeight } }.Validate())
            .Message.ShouldContain(fault);

    [Fact]
    public void More_experts_than_the_model_chooses_are_refused_and_so_is_a_dense_model()
    {
        var three = new ExpertReduction { TopK = 3 };
        Should.Throw<ArgumentException>(() => new Session(SampleConfigs.Build("mixtral"), experts: three)).Message
            .ShouldBe("fewer experts: 3 a token are asked for, and the model's routers choose 2. Use 1 to 2.");
        Should.Throw<ArgumentException>(() => new Session(SampleConfigs.Build("dense"), experts: three)).Message.ShouldContain("has no experts");
        using var fits = new Session(SampleConfigs.Build("dense"), experts: ExpertReduction.None);
    }

    private static float[] Logits(Decoder decoder, ExpertReduction? experts, int[]? ids = null)
    {
        using var session = new Session(decoder, experts: experts);
        session.Read(ids ?? SampleConfigs.Ids(24), cancellation: Cancellation);
        return session.Logits.ToArray();
    }

    // Of the first layer with experts: later ones see other tokens once experts are left out.
    private static LayerRouting Routing(Decoder decoder, ExpertReduction? experts)
    {
        var recorder = new RoutingRecorder();
        using var session = new Session(decoder, observer: recorder, experts: experts);
        session.Read(SampleConfigs.Ids(40), cancellation: Cancellation);
        return recorder.Layers[0];
    }
}
