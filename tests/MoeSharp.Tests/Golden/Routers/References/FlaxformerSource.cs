using MoeSharp.Experts.Balancing;
using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;

namespace MoeSharp.Tests.Golden.Routers.References;

/// <summary>flaxformer: tokens choose (mask and scatter forms), experts choose.</summary>
internal static class FlaxformerSource
{
    public static void Run(GoldenRun run)
    {
        GoldenCase golden = run.Case;
        Tensor logits = run.Logits();
        bool scatter = golden.Function == "TokensChooseScatterRouter";
        CapacityRule rule = CapacityRule.Fixed(golden.Int("params/expert_capacity"));
        Router router = golden.Function == "ExpertsChooseMaskedRouter"
            ? new Router(Score.Softmax, Select.ExpertChoice(rule), Weigh.Raw)
            : new Router(Score.Softmax, Select.TopK(golden.Int("params/num_selected_experts")), Weigh.Raw)
            {
                RoutesPadding = scatter,
                Capacity = new Capacity(rule)
                {
                    Priority = golden.Bool("params/batch_prioritized_routing") ? CapacityPriority.TokenScore : CapacityPriority.Position,
                },
            };
        var context = new RoutingContext
        {
            IsTraining = true,
            GroupStarts = run.Groups(),
            Padding = golden.Bool("params/ignore_padding_tokens") ? ZeroRows(logits) : null,
        };
        RoutingDecision decision = router.Decide(logits, context);
        run.Add(decision);
        run.Outputs["counts_after_drop"] = GoldenRun.PerGroup(decision.ServedIds, decision.TopK, run.Experts, context.GroupStarts);
        var auxiliary = new LoadBalancingLoss
        {
            Span = BalanceSpan.Sequence,
            DividesByTopK = false,
            Padding = new PaddingHabit(CountsRows: true),
        };
        run.Losses["auxiliary"] = ReferenceSources.Loss(auxiliary, decision, context);
        run.Losses["z"] = ReferenceSources.Loss(new RouterZLoss { Padding = new PaddingHabit(ZeroLogits: true) }, decision, context);
    }

    /// <summary>Padding is marked by rows of zeros.</summary>
    private static Indices ZeroRows(Tensor logits)
    {
        Indices padding = Indices.Uninitialized(logits.Rows);
        for (int t = 0; t < logits.Rows; t++)
        {
            padding[t] = logits.Row(t).ContainsAnyExcept(0f) ? 0 : 1;
        }

        return padding;
    }
}
