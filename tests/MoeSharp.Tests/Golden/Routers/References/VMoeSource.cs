using MoeSharp.Experts.Balancing;
using MoeSharp.Experts.Banks;
using MoeSharp.Experts.Routing;
using MoeSharp.Experts.Soft;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Tests.Golden.Routers.References;

/// <summary>V-MoE: tokens choose, experts choose, capacities, the soft router.</summary>
internal static class VMoeSource
{
    public static void Run(GoldenRun run)
    {
        switch (run.Case.Function)
        {
            case "compute_capacity":
                RunCapacities(run);
                break;
            case "SoftRouter":
                RunSoft(run);
                break;
            case "NoisyTopItemsPerExpertRouter":
                RunExpertChoice(run);
                break;
            default:
                RunTokenChoice(run);
                break;
        }
    }

    private static void RunTokenChoice(GoldenRun run)
    {
        GoldenCase golden = run.Case;
        Tensor logits = run.Logits();
        int k = golden.Int("params/num_selected_experts"), multiple = golden.Int("params/capacity_multiple_of", 1);
        Router router = Router.VMoe(
            k, golden.Double("params/capacity_factor"), golden.Float("params/noise_std"), golden.Bool("params/batch_priority"), multiple);
        RoutingContext context = Context(run);
        RoutingDecision decision = router.Decide(logits, context);
        run.Add(decision);
        run.Outputs["counts_after_drop"] = GoldenRun.PerGroup(decision.ServedIds, k, run.Experts, context.GroupStarts);
        AddLoss(run, "gshard_loss", Balance.GShardByGroup().Losses[0], router, decision, context);
        Balance vmoe = Balance.VMoe(router.Noise!);
        AddLoss(run, "importance_loss", vmoe.Losses[0], router, decision, context);
        if (context.IsTraining)
        {
            AddLoss(run, "load_loss", vmoe.Losses[1], router, decision, context);
        }
    }

    private static void AddLoss(
        GoldenRun run, string name, BalanceLoss loss, Router router, in RoutingDecision decision, RoutingContext context)
    {
        run.Losses[name + "_mean_over_groups"] = ReferenceSources.Loss(loss, decision, context);
        run.Tolerances[name + "_mean_over_groups"] = run.Tolerances[name + "_per_group"] = 1e-4;
        int groups = run.Case.Shape("logits")[0], rows = decision.TokenCount / groups;
        var values = new float[groups];
        for (int g = 0; g < groups; g++)
        {
            RoutingContext alone = Context(run, g);
            RoutingDecision one = router.Decide(GoldenRun.Rows(decision.Logits!, g * rows, rows), alone);
            values[g] = ReferenceSources.Loss(loss, one, alone).ToScalar();
        }

        run.Outputs[name + "_per_group"] = values;
    }

    private static RoutingContext Context(GoldenRun run, int group = -1)
    {
        GoldenCase golden = run.Case;
        bool training = !golden.Bool("params/deterministic", missing: true);
        float[] normal = training ? golden.Floats("inputs/standard_normal") : [];
        int groups = golden.Shape("logits")[0];
        if (group >= 0)
        {
            normal = normal[(group * normal.Length / groups)..((group + 1) * normal.Length / groups)];
        }

        return new RoutingContext
        {
            IsTraining = training,
            Noise = new GivenNoise().Normal(normal),
            GroupStarts = group >= 0 ? null : run.Groups(),
        };
    }

    private static void RunExpertChoice(GoldenRun run)
    {
        GoldenCase golden = run.Case;
        Tensor logits = run.Logits();
        var rule = CapacityRule.VMoe(golden.Double("params/capacity_factor"), multipleOf: golden.Int("params/capacity_multiple_of", 1));
        var router = new Router(Score.Softmax, Select.ExpertChoice(rule), Weigh.Raw)
        {
            Noise = LogitNoise.Gaussian((float)golden.Double("params/noise_std", 1)),
        };
        RoutingContext context = Context(run);
        RoutingDecision decision = router.Decide(logits, context);
        run.Add(decision);
        int[] shape = golden.Shape("logits");
        AddMetrics(run, decision, shape[0], shape[1]);
        run.Outputs["capacity"] = rule.Rows(new CapacityFacts(shape[1], run.Experts, 1, 0));
    }

    private static void AddMetrics(GoldenRun run, in RoutingDecision decision, int groups, int rows)
    {
        var perToken = (int[])run.Outputs["experts_per_token"];
        float[] weights = decision.Weights.ToArray();
        int[] served = decision.ServedIds.Span.ToArray();
        int experts = decision.TopK;
        float[] PerGroup(Func<int, float> value) => [.. Enumerable.Range(0, groups).Select(value)];
        IEnumerable<float> Chosen(int g) => Enumerable.Range(g * rows * experts, rows * experts).Where(i => served[i] >= 0).Select(i => weights[i]);
        ArraySegment<int> Tokens(int g) => new(perToken, g * rows, rows);
        run.Outputs["max_selected_gate"] = PerGroup(g => Chosen(g).Max());
        run.Outputs["min_selected_gate"] = PerGroup(g => Chosen(g).Min());
        run.Outputs["num_experts_per_item_max"] = PerGroup(g => Tokens(g).Max());
        run.Outputs["num_experts_per_item_min"] = PerGroup(g => Tokens(g).Min());
        for (int n = 1; n <= experts; n++)
        {
            int least = n;
            run.Outputs[$"ratio_processed_items_by_at_least_{n}_experts"] = PerGroup(g => Tokens(g).Count(c => c >= least) / (float)rows);
        }
    }

    private static void RunCapacities(GoldenRun run)
    {
        var answers = new List<float>();
        foreach (var row in run.Case.Get("outputs/rows").EnumerateArray())
        {
            foreach (var field in row.EnumerateObject())
            {
                answers.Add(field.Value.ValueKind switch
                {
                    System.Text.Json.JsonValueKind.Number => (float)field.Value.GetDouble(),
                    _ => float.NaN,
                });
            }

            int tokens = row.GetProperty("num_tokens").GetInt32(), experts = row.GetProperty("num_experts").GetInt32();
            var multiple = row.GetProperty("multiple_of");
            CapacityRule rule = CapacityRule.VMoe(
                row.GetProperty("capacity_factor").GetDouble(),
                row.GetProperty("ceil_or_round").GetString() == "ceil",
                multiple.ValueKind == System.Text.Json.JsonValueKind.Number ? multiple.GetInt32() : 1);
            answers[^1] = rule.Rows(new CapacityFacts(tokens, experts, 1, 0));
        }

        run.Outputs["rows"] = answers.ToArray();
    }

    private static void RunSoft(GoldenRun run)
    {
        GoldenCase golden = run.Case;
        int[] shape = golden.Shape("inputs/x"), mu = golden.Shape("inputs/mu"); // [B, T, D], [D, E, S]
        Tensor x = run.Input("x", "inputs/x", shape[0] * shape[1], shape[2]);
        var layer = new SoftMoeLayer(shape[2], ExpertBank.Identity(mu[1]), mu[2]);
        int size = mu[0], slots = mu[1] * mu[2];
        float[] given = golden.Floats("inputs/mu");
        for (int d = 0; d < size; d++)
        {
            for (int p = 0; p < slots; p++)
            {
                layer.Slots.Value.Row(p)[d] = given[(d * slots) + p];
            }
        }

        layer.Scale!.Value.Span[0] = golden.Float("inputs/scale");
        var context = new RoutingContext
        {
            GroupStarts = Indices.From([.. Enumerable.Range(0, shape[0] + 1).Select(b => b * shape[1])]),
        };
        SoftRouting routing = layer.Route(x, context, out _);
        run.Outputs["dispatch"] = routing.Dispatch;
        run.Outputs["combine"] = routing.Combine;
        run.Inputs["scale"] = layer.Scale.Value;
        run.Transposed["mu"] = (layer.Slots.Value, size, slots);
        Tensor Weighted(Tensor tensor, string name) => WeightedSumOp.Apply(tensor, run.Scope.From(golden.Floats($"grads/sum_R/{name}"), tensor.Shape));
        run.Objectives["sum_R"] = AddOp.Apply(Weighted(routing.Dispatch, "R_dispatch"), Weighted(routing.Combine, "R_combine"));
    }
}
