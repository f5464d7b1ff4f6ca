using MoeSharp.Experts.Balancing;
using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;

namespace MoeSharp.Tests.Golden.Routers.References;

/// <summary>DeepSpeed: top1gating, top2gating, topkgating.</summary>
internal static class DeepSpeedSource
{
    private const float FloatEpsilon = 1.1920929e-7f;

    public static void Run(GoldenRun run)
    {
        GoldenCase golden = run.Case;
        int k = golden.Int("params/k");
        CapacityRule rule = golden.Bool("params/drop_tokens", missing: true)
            ? CapacityRule.DeepSpeed(golden.Double("params/capacity_factor"), golden.Int("params/min_capacity"))
            : CapacityRule.LargestLoad;
        bool top1 = golden.Function == "top1gating", top2 = golden.Function == "top2gating";
        var noise = new GivenNoise();
        if (golden.Has("params/uniform"))
        {
            noise.Uniform(golden.Floats("params/uniform"));
        }

        var router = new Router(
            Score.Softmax,
            golden.Bool("params/top2_2nd_expert_sampling") ? Select.SampledTopK(k) : Select.TopK(k),
            top1 ? Weigh.Raw : Weigh.Normalized(epsilon: FloatEpsilon, floor: true, afterDrop: true))
        {
            Capacity = new Capacity(rule)
            {
                Order = top1 || top2 ? CapacityOrder.FirstChoicesFirst : CapacityOrder.TokenByToken,
                Priority = golden.Bool("params/use_rts") ? CapacityPriority.Random
                    : golden.Text("params/drop_policy") == "probs" ? CapacityPriority.ChoiceScore : CapacityPriority.Position,
            },
        };
        var context = new RoutingContext { IsTraining = true, Noise = noise, Padding = Unused(golden) };
        RoutingDecision decision = router.Decide(run.Logits(), context);
        run.Add(decision);
        var loss = new LoadBalancingLoss
        {
            Counted = top1 || top2 ? CountedChoices.First : CountedChoices.All,
            Padding = new PaddingHabit(CountsScores: true, CountsRows: true),
        };
        run.Losses["aux"] = ReferenceSources.Loss(loss, decision, context);
    }

    private static Indices? Unused(GoldenCase golden) => golden.Has("params/used_token")
        ? Indices.From([.. golden.Ints("params/used_token").Select(used => 1 - used)])
        : null;
}
