using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;

namespace MoeSharp.Tests.Golden.Routers.References;

/// <summary>TorchTitan: its router and its centred bias update.</summary>
internal static class TorchTitanSource
{
    public static void Run(GoldenRun run)
    {
        GoldenCase golden = run.Case;
        if (golden.Name.StartsWith("bias_update", StringComparison.Ordinal))
        {
            UpdateBias(run, new ExpertBias(golden.Float("params/load_balance_coeff"), centred: true));
            return;
        }

        int k = golden.Int("params/top_k");
        float scale = golden.Float("params/route_scale");
        var router = new Router(
            golden.Text("params/score_func") == "sigmoid" ? Score.Sigmoid : Score.Softmax,
            golden.Has("params/num_expert_groups")
                ? Select.GroupLimitedTopK(k, golden.Int("params/num_expert_groups"), golden.Int("params/num_limited_groups"), bestOf: 2)
                : Select.TopK(k),
            golden.Bool("params/route_norm") ? Weigh.Normalized(scale, epsilon: 1e-20f) : Weigh.Scaled(scale))
        {
            Bias = golden.Has("params/expert_bias") ? new ExpertBias() : null,
        };
        Tensor logits = run.Logits();
        run.Add(ReferenceSources.Prepared(router, run.Experts, golden, "params/expert_bias").Decide(logits, new RoutingContext()));
    }

    public static void UpdateBias(GoldenRun run, ExpertBias bias)
    {
        float[] before = run.Case.Floats("inputs/bias");
        bias.Initialize(before.Length);
        before.CopyTo(bias.Value.Span);
        bias.Update([.. run.Case.Floats("inputs/tokens_per_expert").Select(count => (long)count)]);
        run.Outputs["bias"] = bias.Value;
    }
}
