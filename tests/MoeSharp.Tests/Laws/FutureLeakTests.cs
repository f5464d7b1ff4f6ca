using MoeSharp.Experts.Routing;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;
using MoeSharp.Tests.Models.Decoding;

namespace MoeSharp.Tests.Laws;

/// <summary>Why a causal decoder refuses routers that look ahead.</summary>
public class FutureLeakTests
{
    [Fact]
    public void A_decoder_with_expert_choice_answers_earlier_tokens_by_later_ones()
    {
        Decoder leaking = Build(() => Router.ExpertChoice(1)), causal = Build(() => Router.Mixtral());
        var careless = new ForwardOptions { Routing = new RoutingContext { IsCausal = false } };
        int[] ids = SampleConfigs.Ids(24);
        int rest = 23 * leaking.Config.VocabularySize;
        bool leaks = false, holds = true;
        for (int last = 0; last < 20; last++)
        {
            int[] other = [.. ids[..^1], last];
            leaks |= !Logits(leaking, ids, careless).AsSpan(0, rest).SequenceEqual(Logits(leaking, other, careless).AsSpan(0, rest));
            holds &= Logits(causal, ids, careless).AsSpan(0, rest).SequenceEqual(Logits(causal, other, careless).AsSpan(0, rest));
        }

        leaks.ShouldBeTrue("the last token changed what the tokens before it say");
        holds.ShouldBeTrue("with top-k it must not");
    }

    [Fact]
    public void So_the_decoder_refuses_it_with_the_reason()
    {
        Decoder decoder = Build(() => Router.ExpertChoice());
        Should.Throw<InvalidOperationException>(() => Logits(decoder, SampleConfigs.Ids(4), ForwardOptions.Evaluation))
            .Message.ShouldStartWith("router: its choice for a token depends on later tokens, so it cannot be used in a causal decoder.");
    }

    private static Decoder Build(Func<Router> router)
    {
        DecoderConfig config = SampleConfigs.All.Keys.Select(name => SampleConfigs.Build(name).Config).First(config => config.Experts is not null);
        return Decoder.Create(config with { InitializerRange = 0.5f }, seed: 3, new DecoderParts { CreateRouter = _ => router() });
    }

    private static float[] Logits(Decoder decoder, int[] ids, ForwardOptions options)
    {
        using var scope = new TensorScope();
        return decoder.Forward(scope, Indices.From(ids), SequenceLayout.FromLengths([ids.Length]), options).RequiredLogits.ToArray();
    }
}
