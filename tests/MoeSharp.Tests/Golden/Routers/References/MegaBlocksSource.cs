using MoeSharp.Experts.Balancing;
using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Tests.Golden.Routers.References;

/// <summary>MegaBlocks: its router, and its losses over several layers.</summary>
internal static class MegaBlocksSource
{
    public static void Run(GoldenRun run)
    {
        GoldenCase golden = run.Case;
        Tensor all = run.Logits();
        int layers = golden.Int("params/layers"), rows = all.Rows / layers, k = golden.Int("params/top_k");
        float? power = golden.Has("params/normalize_expert_weights") ? golden.Float("params/normalize_expert_weights") : null;
        BalanceLoss lbl = Balance.MegaBlocks().Losses[0], z = new RouterZLoss { Layers = LayerReduction.Sum };
        var lblTerms = new List<BalanceTerm>();
        var zTerms = new List<BalanceTerm>();
        var counts = new List<int>();
        float zWeight = golden.Float("params/moe_zloss_weight");

        // Routing looks at one token at a time, so all layers can be routed at once.
        RoutingDecision together = Router.Dbrx(k, power).Decide(all, new RoutingContext());
        run.Add(together);
        for (int layer = 0; layer < layers; layer++)
        {
            var context = new RoutingContext();
            RoutingDecision decision = Router.Dbrx(k, power).Decide(GoldenRun.Rows(all, layer * rows, rows), context);
            lblTerms.Add(lbl.Measure(decision, context));
            zTerms.Add(z.Measure(decision, context));
            int[] count = new int[run.Experts];
            decision.CountChosen(count);
            counts.AddRange(count);
        }

        run.Outputs["counts"] = counts.ToArray();
        run.Outputs["z_per_layer_weighted"] = zTerms.Select(term => zWeight * term.Value!.ToScalar()).ToArray();
        run.Losses["lbl"] = ScaleOp.Apply(lbl.Reduce(lblTerms), golden.Float("params/moe_loss_weight"));
        string name = golden.Get("losses").EnumerateObject().First(loss => loss.Name.StartsWith('z')).Name;
        run.Losses[name] = ScaleOp.Apply(z.Reduce(zTerms), zWeight);
    }
}
