using MoeSharp.Experts.Balancing;
using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;

namespace MoeSharp.Tests.Golden.Routers.References;

/// <summary>OLMo-core: its router and its losses.</summary>
internal static class OlmoCoreSource
{
    public static void Run(GoldenRun run)
    {
        GoldenCase golden = run.Case;
        Tensor logits = run.Logits();
        bool sigmoid = golden.Text("params/gating") == "sigmoid";
        var router = new Router(
            sigmoid ? Score.SigmoidPlus(1e-7f) : Score.Softmax,
            Select.TopK(golden.Int("params/top_k")),
            golden.Has("params/normalize_expert_weights") ? Weigh.Normalized(power: golden.Float("params/normalize_expert_weights")) : Weigh.Raw)
        {
            Bias = new ExpertBias(golden.Has("params/bias_gamma") ? golden.Float("params/bias_gamma") : 0),
        };
        ReferenceSources.Prepared(router, run.Experts, golden, "params/score_bias");
        var context = new RoutingContext { IsTraining = true, GroupStarts = run.Groups() };
        RoutingDecision decision = router.Decide(logits, context);
        run.Add(decision);
        float divisor = (float)golden.Double("params/loss_div_factor", 0);
        Balance balance = Balance.OlmoCore(golden.Float("params/lb_loss_weight"), golden.Text("params/granularity") == "instance", divisor)
            + new Balance(new RouterZLoss { Coefficient = golden.Float("params/z_loss_weight"), TokenDivisor = divisor });
        BalanceResult result = balance.Reduce([balance.Measure(decision, context)]);
        run.Outputs["load_balancing_value"] = (double)result.Values[0];
        run.Outputs["z_value"] = (double)result.Values[1];
        run.Losses["lb_plus_z"] = result.Total!;
        router.Bias.Count(decision);
        router.Bias.Update();
        foreach (var output in golden.Get("outputs").EnumerateObject().Where(output => output.Name.Contains("bias", StringComparison.Ordinal)))
        {
            run.Outputs[output.Name] = router.Bias.Value;
        }
    }
}
