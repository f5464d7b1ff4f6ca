using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;

namespace MoeSharp.Tests.Golden.Routers.References;

/// <summary>scipy's linear assignment: BASE.</summary>
internal static class BaseSource
{
    public static void Run(GoldenRun run)
    {
        Tensor logits = run.Logits();
        RoutingDecision decision = Router.Base().Decide(logits, new RoutingContext { IsTraining = true });
        run.Add(decision);
        run.Outputs["expert_ids"] = decision.Ids.Span.ToArray();
        run.Outputs["weights_sigmoid"] = decision.Weights;
        run.Outputs["total_score"] = Enumerable.Range(0, logits.Rows).Sum(t => (double)logits.Row(t)[decision.Ids[t]]);
        RoutingDecision free = Router.Base().Decide(logits, new RoutingContext());
        run.Outputs["unconstrained_total"] = Enumerable.Range(0, logits.Rows).Sum(t => (double)logits.Row(t)[free.Ids[t]]);
    }
}
