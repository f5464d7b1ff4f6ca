using MoeSharp.Experts.Balancing;
using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Tests.Golden.Routers.References;

/// <summary>Tutel: extract_critical and its losses.</summary>
internal static class TutelSource
{
    public static void Run(GoldenRun run)
    {
        GoldenCase golden = run.Case;
        Tensor logits = run.Logits();
        int k = golden.Int("params/top_k");
        if (golden.Function.StartsWith("load_importance", StringComparison.Ordinal))
        {
            RunLosses(run, logits, k);
            return;
        }

        Router router = Router.Tutel(
            k,
            golden.Double("params/capacity_factor"),
            golden.Bool("params/normalize_gate", missing: true),
            golden.Bool("params/batch_prioritized_routing"),
            golden.Int("params/alignment", 1));
        var context = new RoutingContext();
        RoutingDecision decision = router.Decide(logits, context);
        run.Add(decision);
        run.Outputs["expert_ids"] = decision.Ids.Span.ToArray();
        run.Outputs["kept"] = decision.ServedIds.Span.ToArray().Select(id => id >= 0 ? 1 : 0).ToArray();

        // Tutel returns the weights of dropped choices too.
        run.Outputs["weights"] = router.Weigh.Apply(new WeighInput(decision.Scores!, decision.NoisyLogits!, decision.Ids, decision.Ids, k, context));
        run.Losses["gshard"] = ReferenceSources.Loss(Balance.GShard().Losses[0], decision, context);
    }

    private static void RunLosses(GoldenRun run, Tensor logits, int k)
    {
        GoldenCase golden = run.Case;
        var noise = LogitNoise.Gaussian(golden.Float("params/gate_noise"));
        var context = new RoutingContext
        {
            IsTraining = true,
            Noise = new GivenNoise().Normal(golden.Floats("inputs/standard_normal")),
        };
        RoutingDecision decision = new Router(Score.Softmax, Select.TopK(k), Weigh.Raw) { Noise = noise }.Decide(logits, context);
        run.Add(decision);
        run.Outputs["expert_ids"] = decision.Ids.Span.ToArray();
        foreach ((string name, BalanceScores scores) in new[]
        {
            ("as_the_layer_calls_it", BalanceScores.CleanSoftmax), ("with_clean_logits_for_scores", BalanceScores.CleanLogits),
        })
        {
            Tensor importance = ReferenceSources.Loss(new ImportanceLoss { Scores = scores }, decision, context);
            var load = new LoadLoss(noise) { ExcludesSelf = false, ComparesScores = scores == BalanceScores.CleanSoftmax };
            run.Losses[name] = ScaleOp.Apply(AddOp.Apply(importance, ReferenceSources.Loss(load, decision, context)), 0.5f);
            run.Tolerances[name] = 1e-4;

            // Probabilities against logits saturate Φ: in float64 the gradient is ours, the file's float32 one is off by up to 2.6e-3.
            run.Tolerances["grads/loss_as_the_layer_calls_it"] = 5e-3;
        }
    }
}
