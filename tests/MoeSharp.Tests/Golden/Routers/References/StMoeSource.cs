using MoeSharp.Experts.Balancing;
using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;

namespace MoeSharp.Tests.Golden.Routers.References;

/// <summary>st-moe-pytorch: TopNGating.</summary>
internal static class StMoeSource
{
    public static void Run(GoldenRun run)
    {
        GoldenCase golden = run.Case;
        int n = golden.Int("params/top_n");
        double factor = golden.Double("params/capacity_factor");
        var router = new Router(Score.Softmax, Select.TopK(n), Weigh.Normalized(epsilon: golden.Float("params/eps"), floor: true))
        {
            Retention = Retention.Random(golden.Floats("params/threshold")),
            Capacity = new Capacity(CapacityRule.StMoe(factor)),
        };
        var context = new RoutingContext
        {
            IsTraining = golden.Bool("params/training"),
            Noise = new GivenNoise().Uniform(golden.Floats("inputs/uniform")),
            GroupStarts = run.Groups(),
        };
        RoutingDecision decision = router.Decide(run.Logits(), context);
        run.Add(decision);
        run.Outputs["counts_after_drop"] = GoldenRun.PerGroup(decision.ServedIds, n, run.Experts, context.GroupStarts);
        run.Losses["balance"] = ReferenceSources.Loss(Balance.StMoePort().Losses[0], decision, context);
        run.Losses["z"] = ReferenceSources.Loss(new RouterZLoss(), decision, context);
    }
}
