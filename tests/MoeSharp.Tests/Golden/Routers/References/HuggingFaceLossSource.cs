using MoeSharp.Experts.Balancing;
using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;

namespace MoeSharp.Tests.Golden.Routers.References;

/// <summary>transformers: the pooled loss of Mixtral, and Switch's.</summary>
internal static class HuggingFaceLossSource
{
    public static void Run(GoldenRun run)
    {
        GoldenCase golden = run.Case;
        Tensor logits = run.Logits();
        if (golden.Function.StartsWith("switch", StringComparison.Ordinal))
        {
            var context = new RoutingContext { GroupStarts = run.Groups() };
            RoutingDecision decision = Router.Switch(1e9).Decide(logits, context);
            run.Losses["load_balancing"] = ReferenceSources.Loss(Balance.Switch().Losses[0], decision, context);
            run.Losses["z"] = ReferenceSources.Loss(new RouterZLoss(), decision, context);
            return;
        }

        int layers = golden.Int("params/layers"), rows = logits.Rows / layers;
        Indices? padding = golden.Has("params/attention_mask")
            ? Indices.From([.. golden.Ints("params/attention_mask").Select(mask => 1 - mask)])
            : null;
        BalanceLoss loss = Balance.HuggingFace().Losses[0];
        var terms = new List<BalanceTerm>();
        for (int layer = 0; layer < layers; layer++)
        {
            var context = new RoutingContext { Padding = padding };
            terms.Add(loss.Measure(Router.Mixtral(golden.Int("params/top_k")).Decide(GoldenRun.Rows(logits, layer * rows, rows), context), context));
        }

        run.Losses["mixtral"] = run.Losses["nllb_moe"] = loss.Reduce(terms);
    }
}
