using MoeSharp.Experts.Balancing;
using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;

namespace MoeSharp.Tests.Golden.Routers.References;

/// <summary>The entropy formulas of LIMoE.</summary>
internal static class LimoeSource
{
    public static void Run(GoldenRun run)
    {
        GoldenCase golden = run.Case;
        Tensor logits = run.Logits();
        int first = golden.Int("params/rows_of_first_modality");
        double experts = Math.Exp(golden.Double("params/tau"));
        var context = new RoutingContext
        {
            DomainIds = Indices.From([.. Enumerable.Range(0, logits.Rows).Select(t => t < first ? 0 : 1)]),
        };
        RoutingDecision decision = Router.Mixtral(1).Decide(logits, context);
        foreach ((string name, int domain) in new[] { ("first", 0), ("second", 1) })
        {
            run.Losses[name + "_local"] = ReferenceSources.Loss(new EntropyLoss { Domain = domain }, decision, context);
            var global = new EntropyLoss { Domain = domain, IsGlobal = true };
            run.Losses[name + "_global"] = ReferenceSources.Loss(global, decision, context);
            run.Outputs[name + "_entropy_of_mean"] = -(double)run.Losses[name + "_global"].ToScalar();
            var target = new EntropyLoss { Domain = domain, IsGlobal = true, TargetExperts = experts };
            run.Losses[name + "_global_thresholded"] = ReferenceSources.Loss(target, decision, context);
        }
    }
}
