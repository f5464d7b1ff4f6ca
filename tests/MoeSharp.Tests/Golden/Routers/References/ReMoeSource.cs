using MoeSharp.Experts.Balancing;
using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Tests.Golden.Routers.References;

/// <summary>ReMoE: ReLU routing, its balanced L1 loss and the rule of λ.</summary>
internal static class ReMoeSource
{
    public static void Run(GoldenRun run)
    {
        GoldenCase golden = run.Case;
        if (golden.Name.StartsWith("lambda", StringComparison.Ordinal))
        {
            RunRule(run);
            return;
        }

        var context = new RoutingContext();
        int k = golden.Int("params/topk");
        RoutingDecision decision = Router.ReMoe(k).Decide(run.Logits(), context);
        run.Add(decision);
        run.Outputs["weights"] = decision.Scores!;
        run.Outputs["sparsity"] = (double)SparsityControl.Sparsity(decision);
        Tensor loss = ReferenceSources.Loss(Balance.ReMoe(k).Losses[0], decision, context);
        run.Losses["l1_balanced_unscaled"] = run.Losses["l1_balanced_unscaled_as_logged"] = loss;
        const string both = "sum_R_weights_plus_lambda_l1";
        run.Objectives[both] = AddOp.Apply(
            WeightedSumOp.Apply(run.Outputs["combine"] as Tensor ?? decision.Scores!, run.Scope.From(golden.Floats($"grads/{both}/R"), decision.Scores!.Shape)),
            ScaleOp.Apply(loss, golden.Float("params/lambda")));
    }

    private static void RunRule(GoldenRun run)
    {
        GoldenCase golden = run.Case;
        var control = new SparsityControl(
            Balance.ReMoe(golden.Int("params/topk")).Losses[0],
            golden.Int("params/topk"),
            golden.Int("params/num_experts"),
            golden.Float("params/lambda_init"),
            golden.Float("params/multiplier"));
        var answers = new List<float>();
        foreach (var step in golden.Get("outputs/steps").EnumerateArray())
        {
            float sparsity = (float)step.GetProperty("mean_sparsity").GetDouble();
            control.Update(sparsity);
            answers.AddRange([sparsity, control.Lambda]);
        }

        run.Outputs["steps"] = answers.ToArray();
    }
}
