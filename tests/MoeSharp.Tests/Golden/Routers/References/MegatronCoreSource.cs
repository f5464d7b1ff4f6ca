using MoeSharp.Experts.Balancing;
using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Tests.Golden.Routers.References;

/// <summary>Megatron-Core: top-k with score functions, token dropping, Sinkhorn, global loss, bias update, padding.</summary>
internal static class MegatronCoreSource
{
    public static void Run(GoldenRun run)
    {
        GoldenCase golden = run.Case;
        switch (golden.Function)
        {
            case "get_updated_expert_bias":
                TorchTitanSource.UpdateBias(run, new ExpertBias(golden.Float("params/update_rate")));
                break;
            case "sinkhorn":
                RunSinkhorn(run);
                break;
            case "TopKRouter.sinkhorn_load_balancing":
                RouteBySinkhorn(run);
                break;
            case "TopKRouter._apply_global_aux_loss":
                RunGlobal(run);
                break;
            case "apply_router_token_dropping":
                RunTopK(run, Dropping(golden));
                break;
            default:
                RunTopK(run, capacity: null);
                break;
        }
    }

    private static void RunTopK(GoldenRun run, Capacity? capacity)
    {
        GoldenCase golden = run.Case;
        int k = golden.Int("params/topk");
        bool sigmoid = golden.Text("params/score_function", "softmax") == "sigmoid", before = golden.Bool("params/use_pre_softmax");
        float scale = (float)golden.Double("params/scaling_factor", 1);
        Score score = sigmoid ? Score.Sigmoid : before ? Score.Softmax : Score.Identity;
        Select select = golden.Has("params/num_groups")
            ? Select.GroupLimitedTopK(
                k, golden.Int("params/num_groups"), golden.Int("params/group_topk"), bestOf: k / golden.Int("params/group_topk"))
            : Select.TopK(k);
        Weigh weigh = sigmoid ? Weigh.Normalized(scale, epsilon: 1e-20f, unlessSingle: true)
            : before ? Weigh.Scaled(scale) : Weigh.SoftmaxOverChosen;
        var router = new Router(score, select, weigh)
        {
            Bias = golden.Has("params/expert_bias") ? new ExpertBias() : null,
            Capacity = capacity,
        };
        Tensor logits = run.Logits();
        var context = new RoutingContext { Padding = Mask(golden) };
        RoutingDecision decision = ReferenceSources.Prepared(router, run.Experts, golden, "params/expert_bias").Decide(logits, context);
        run.Add(decision);
        AddLosses(run, decision, context, sigmoid);
    }

    private static void AddLosses(GoldenRun run, in RoutingDecision decision, RoutingContext context, bool sigmoid)
    {
        GoldenCase golden = run.Case;
        BalanceScores scores = sigmoid ? BalanceScores.Normalized : BalanceScores.CleanSoftmax;
        Tensor aux = LossScores.Of(scores, decision);
        run.Outputs["aux_scores"] = aux;
        var loss = new LoadBalancingLoss { Counted = CountedChoices.PlainTopK, Scores = scores };
        BalanceTerm term = loss.Measure(decision, context);
        run.Outputs["aux_counts"] = term.Counts.Select(count => (int)count).ToArray();
        run.Losses["aux"] = ScaleOp.Apply(loss.Reduce([term]), (float)golden.Double("params/aux_coeff", 1));
        run.Losses["z"] = ScaleOp.Apply(ReferenceSources.Loss(new RouterZLoss(), decision, context), (float)golden.Double("params/z_coeff", 1));
        if (!golden.Has("losses/seq_aux_bsz2"))
        {
            return;
        }

        // Rows are laid out [sequence position][batch]: put the two sequences one after another.
        int rows = decision.TokenCount, half = rows / 2;
        Tensor bySequence = GatherRowsOp.Apply(decision.Logits!, Indices.From([.. Enumerable.Range(0, rows).Select(i => i < half ? 2 * i : (2 * (i - half)) + 1)]));
        var perSequence = new LoadBalancingLoss { Counted = CountedChoices.PlainTopK, Scores = scores, Span = BalanceSpan.Sequence };
        var sequences = new RoutingContext { GroupStarts = Indices.From([0, half, rows]) };
        var plain = new Router(sigmoid ? Score.Sigmoid : Score.Softmax, Select.TopK(decision.TopK), Weigh.Raw);
        run.Losses["seq_aux_bsz2"] = ReferenceSources.Loss(perSequence, plain.Decide(bySequence, sequences), sequences);
    }

    private static Indices? Mask(GoldenCase golden) =>
        golden.Has("params/padding_mask") ? Indices.From(golden.Ints("params/padding_mask")) : null;

    private static Capacity Dropping(GoldenCase golden) => new(CapacityRule.MegatronCore(golden.Double("params/capacity_factor")))
    {
        Priority = golden.Text("params/drop_policy") == "probs" ? CapacityPriority.ChoiceWeight : CapacityPriority.Position,
        Order = CapacityOrder.TokenByToken,
    };

    private static void RunSinkhorn(GoldenRun run)
    {
        Tensor logits = run.Logits();
        double[] plan = Sinkhorn.Plan(logits.Span, run.Experts, run.Case.Double("params/tol"));
        run.Outputs["normalised"] = plan.Select(value => (float)value).ToArray();
        run.Outputs["row_sums"] = Enumerable.Range(0, logits.Rows)
            .Select(t => (float)plan.Skip(t * run.Experts).Take(run.Experts).Sum()).ToArray();
        run.Outputs["col_sums"] = Enumerable.Range(0, run.Experts)
            .Select(e => (float)Enumerable.Range(0, logits.Rows).Sum(t => plan[(t * run.Experts) + e])).ToArray();
        run.Tolerances["normalised"] = run.Tolerances["row_sums"] = run.Tolerances["col_sums"] = 1e-4;
    }

    private static void RouteBySinkhorn(GoldenRun run)
    {
        GoldenCase golden = run.Case;
        var context = new RoutingContext { IsTraining = golden.Bool("params/training") };
        run.Add(Router.SinkhornBase(golden.Int("params/topk"), golden.Double("params/tol", 1e-4)).Decide(run.Logits(), context));
    }

    private static void RunGlobal(GoldenRun run)
    {
        GoldenCase golden = run.Case;
        const string path = "inputs/logits_of_micro_batches";
        Tensor logits = run.Logits(path);
        int[] shape = golden.Shape(path);
        var window = new CountWindow();
        var loss = new LoadBalancingLoss { Counted = CountedChoices.PlainTopK, Scores = BalanceScores.CleanSoftmax, Window = window };
        var values = new List<float>();
        Tensor? sum = null;
        for (int step = 0; step < shape[0]; step++)
        {
            var context = new RoutingContext();
            Tensor rows = GoldenRun.Rows(logits, step * shape[1], shape[1]);
            Tensor value = ReferenceSources.Loss(loss, Router.Olmoe(golden.Int("params/topk")).Decide(rows, context), context);
            values.Add(value.ToScalar());
            sum = sum is null ? value : AddOp.Apply(sum, value);
        }

        run.Outputs["running_counts"] = window.Sum(0).Select(count => (int)count).ToArray();
        run.Outputs["after_each_micro_batch"] = values.ToArray();
        run.Inputs["logits_of_micro_batches"] = logits;
        run.Objectives["d_logits_of_micro_batches"] = ScaleOp.Apply(sum!, golden.Float("params/coeff"));
    }
}
