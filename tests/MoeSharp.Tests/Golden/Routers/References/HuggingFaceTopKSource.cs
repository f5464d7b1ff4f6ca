using MoeSharp.Experts.Balancing;
using MoeSharp.Experts.Routing;

namespace MoeSharp.Tests.Golden.Routers.References;

/// <summary>transformers: top-k routers of the families.</summary>
internal static class HuggingFaceTopKSource
{
    public static void Run(GoldenRun run)
    {
        GoldenCase golden = run.Case;
        var logits = run.Logits();
        Router router = ReferenceSources.Prepared(Create(golden), run.Experts, golden, "params/e_score_correction_bias");
        var context = new RoutingContext();
        RoutingDecision decision = router.Decide(logits, context);
        run.Add(decision);
        run.Losses["load_balancing"] = ReferenceSources.Loss(Balance.HuggingFace().Losses[0], decision, context);
    }

    private static Router Create(GoldenCase golden)
    {
        int k = golden.Int("params/top_k");
        bool normalize = golden.Bool("params/norm_topk_prob");
        float scale = (float)golden.Double("params/routed_scaling_factor", 1);
        return golden.Function.Split(' ')[0].Split('.')[0] switch
        {
            "MixtralTopKRouter" or "top-k" => Router.Mixtral(k),
            "OlmoeTopKRouter" => Router.Olmoe(k, normalize),
            "Qwen2MoeTopKRouter" => Router.Qwen2Moe(k, normalize),
            "Qwen3MoeTopKRouter" => Router.Qwen3Moe(k, normalize),
            "DbrxFFN" => Router.Dbrx(k, golden.Has("params/moe_normalize_expert_weights")
                ? golden.Float("params/moe_normalize_expert_weights")
                : null),
            "GptOssTopKRouter" or "JetMoeTopKGating" or "GraniteMoeTopKRouter" or "GraniteMoeTopKGating" => Router.SoftmaxAfterTopK(k),
            "DeepseekV2TopkRouter" => golden.Text("params/topk_method") == "group_limited_greedy"
                ? new Router(
                    Score.Softmax,
                    Select.GroupLimitedTopK(k, golden.Int("params/n_group"), golden.Int("params/topk_group"), bestOf: 1, maskWithZero: true),
                    Weigh.Scaled(scale))
                : Router.DeepSeekV2(k, groups: 1, scale: scale),
            "DeepseekV3TopkRouter" => Router.DeepSeekV3(
                k, golden.Int("params/n_group"), golden.Int("params/topk_group"), scale, golden.Bool("params/norm_topk_prob", missing: true)),
            "LongcatFlashTopkRouter" => Router.LongCatFlash(k, scale),
            "MiniMaxM2TopKRouter" => Router.MiniMaxM2(k),
            "Ernie4_5_MoeTopKRouter" => Router.Ernie45(k, golden.Float("params/moe_norm_min")),
            "Llama4Router" => Router.Llama4(k),
            _ => throw new NotSupportedException(golden.Function),
        };
    }
}
