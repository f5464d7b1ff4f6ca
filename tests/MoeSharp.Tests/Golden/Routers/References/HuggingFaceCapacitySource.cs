using MoeSharp.Experts.Balancing;
using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Tests.Golden.Routers.References;

/// <summary>transformers: the routers of Switch and NLLB-MoE.</summary>
internal static class HuggingFaceCapacitySource
{
    public static void Run(GoldenRun run)
    {
        if (run.Case.Function.StartsWith("Switch", StringComparison.Ordinal))
        {
            RunSwitch(run);
        }
        else
        {
            RunNllb(run);
        }
    }

    private static void RunSwitch(GoldenRun run)
    {
        var router = new Router(Score.Softmax, Select.TopK(1), Weigh.Raw)
        {
            Capacity = new Capacity(CapacityRule.Fixed(run.Case.Int("params/expert_capacity"))),
        };
        var context = new RoutingContext { GroupStarts = run.Groups() };
        RoutingDecision decision = router.Decide(run.Logits(), context);
        run.Add(decision);
        run.Outputs["counts_after_drop"] = GoldenRun.PerGroup(decision.ServedIds, 1, run.Experts, context.GroupStarts);
        run.Outputs["weight"] = GatherColumnsOp.Apply(decision.Scores!, decision.Ids); // of dropped tokens too
        run.Losses["load_balancing"] = ReferenceSources.Loss(Balance.Switch().Losses[0], decision, context);
        run.Losses["z"] = ReferenceSources.Loss(new RouterZLoss(), decision, context);
    }

    private static void RunNllb(GoldenRun run)
    {
        GoldenCase golden = run.Case;
        bool training = golden.Bool("params/training", missing: true);
        CapacityRule rule = !training && golden.Double("params/moe_eval_capacity_token_fraction", 0) > 0
            ? CapacityRule.FractionOfTokens(golden.Double("params/moe_eval_capacity_token_fraction"))
            : golden.Has("params/expert_capacity") ? CapacityRule.Fixed(golden.Int("params/expert_capacity")) : CapacityRule.Nllb;
        if (golden.Has("params/effective_capacity"))
        {
            rule = CapacityRule.Fixed(golden.Int("params/effective_capacity")); // what the module remembered
        }

        bool before = golden.Bool("params/normalize_router_prob_before_dropping");
        bool random = golden.Text("params/second_expert_policy") == "random";
        var router = new Router(Score.Softmax, Select.TopK(2), Weigh.Normalized(epsilon: 1.1920929e-7f, floor: true, afterDrop: !before))
        {
            Retention = random ? Retention.Random(0.5f).OfScores() : null,
            Capacity = new Capacity(rule)
            {
                Priority = golden.Bool("params/batch_prioritized_routing") ? CapacityPriority.TokenScore : CapacityPriority.Position,
            },
        };
        Indices? padding = golden.Has("params/padding_mask") ? Indices.From(golden.Ints("params/padding_mask")) : null;
        var context = new RoutingContext { IsTraining = training, Padding = padding, Noise = Uniform(golden) };
        RoutingDecision decision = router.Decide(run.Logits(), context);
        run.Add(decision);
        int[] first = new int[decision.TokenCount * run.Experts];
        for (int t = 0; t < decision.TokenCount; t++)
        {
            if (decision.ServedIds[t * 2] >= 0)
            {
                first[(t * run.Experts) + decision.ServedIds[t * 2]] = 1;
            }
        }

        run.Outputs["top1_mask"] = first;
    }

    /// <summary>The product draws for first choices too, without looking.</summary>
    private static GivenNoise? Uniform(GoldenCase golden) => golden.Has("inputs/uniform")
        ? new GivenNoise().Uniform([.. new float[golden.Floats("inputs/uniform").Length], .. golden.Floats("inputs/uniform")])
        : null;
}
