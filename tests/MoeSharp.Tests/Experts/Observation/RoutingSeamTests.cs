using MoeSharp.Experts;
using MoeSharp.Experts.Banks;
using MoeSharp.Experts.Observation;
using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;

namespace MoeSharp.Tests.Experts.Observation;

public class RoutingSeamTests
{
    [Fact]
    public void An_observer_sees_every_decision_with_its_layer()
    {
        var seen = new Recorder();
        var layer = new MoeLayer(4, ExpertBank.SwiGlu(3, 4), Router.Mixtral(2)) { Index = 5 };
        using var scope = new TensorScope();
        MoeOutput y = layer.Forward(Tokens(scope), new RoutingContext { Observer = seen });
        seen.Layer.ShouldBe(5);
        seen.Ids.ShouldBe(y.Routing.Ids.Span.ToArray());
    }

    [Fact]
    public void A_forbidden_expert_is_never_chosen_and_weights_still_sum_to_one()
    {
        var layer = new MoeLayer(4, ExpertBank.SwiGlu(3, 4), Router.Mixtral(2));
        using var scope = new TensorScope();
        Tensor x = Tokens(scope);
        layer.Forward(x).Routing.Ids.Span.ToArray().ShouldContain(1);
        MoeOutput y = layer.Forward(x, new RoutingContext { Intervention = new KnockOut(1) });
        y.Routing.Ids.Span.ToArray().ShouldNotContain(1);
        for (int t = 0; t < x.Rows; t++)
        {
            (y.Routing.Weights.Row(t)[0] + y.Routing.Weights.Row(t)[1]).ShouldBe(1, 1e-6f);
        }
    }

    [Fact]
    public void A_choice_that_is_taken_away_gets_no_row()
    {
        var layer = new MoeLayer(4, ExpertBank.SwiGlu(3, 4), Router.Olmoe(2));
        using var scope = new TensorScope();
        MoeOutput y = layer.Forward(Tokens(scope), new RoutingContext { Intervention = new OnlyFirst() });
        y.Routing.Ids.Span.ToArray().Where((_, i) => i % 2 == 1).ShouldAllBe(id => id == -1);
        y.Routing.Weights.ToArray().Where((_, i) => i % 2 == 1).ShouldAllBe(weight => weight == 0);
    }

    [Fact]
    public void A_replayed_decision_gives_the_recorded_result()
    {
        var layer = new MoeLayer(4, ExpertBank.SwiGlu(3, 4), Router.Mixtral(2));
        using var scope = new TensorScope();
        Tensor x = Tokens(scope);
        MoeOutput y = layer.Forward(x);
        var replay = new Replay(y.Routing.Ids.Span.ToArray(), y.Routing.Weights.ToArray());
        float[] recorded = y.Hidden.ToArray();
        layer.Router.Parameters.Single().Value.Fill(0); // another router, the same decision
        layer.Forward(x, new RoutingContext { Intervention = replay }).Hidden.ToArray().ShouldBe(recorded);
    }

    private static Tensor Tokens(TensorScope scope)
    {
        Tensor x = scope.New(new(8, 4));
        new Rng(1).FillNormal(x.Span, 1);
        return x;
    }

    private sealed class Recorder : IRoutingObserver
    {
        public int Layer { get; private set; }

        public int[] Ids { get; private set; } = [];

        public void Observe(int layer, in RoutingDecision decision)
        {
            Layer = layer;
            Ids = decision.Ids.Span.ToArray();
        }
    }

    private sealed class KnockOut(int expert) : IRoutingIntervention
    {
        public void BeforeChoice(int layer, Tensor choiceScores)
        {
            for (int t = 0; t < choiceScores.Rows; t++)
            {
                choiceScores.Row(t)[expert] = float.NegativeInfinity;
            }
        }
    }

    private sealed class OnlyFirst : IRoutingIntervention
    {
        public void AfterChoice(int layer, Indices ids)
        {
            for (int i = 1; i < ids.Length; i += 2)
            {
                ids[i] = -1;
            }
        }
    }

    private sealed class Replay(int[] ids, float[] weights) : IRoutingIntervention
    {
        public void AfterChoice(int layer, Indices chosen) => ids.CopyTo(chosen.Span);

        public void AfterWeights(int layer, Indices served, Tensor given) => weights.CopyTo(given.Span);
    }
}
