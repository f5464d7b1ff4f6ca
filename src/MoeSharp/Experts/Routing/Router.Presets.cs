namespace MoeSharp.Experts.Routing;

/// <content>Published routers, each one expression. <c>docs/catalogue.md</c> has their sources and conventions.</content>
public sealed partial class Router
{
    /// <summary>Mixtral: softmax, top-k, renormalised. arXiv:2401.04088.</summary>
    public static Router Mixtral(int topK = 2) => new(Score.Softmax, Select.TopK(topK), Weigh.Normalized());

    /// <summary>OLMoE: softmax, top-k, weights as they are. arXiv:2409.02060.</summary>
    public static Router Olmoe(int topK = 8, bool normalize = false) =>
        new(Score.Softmax, Select.TopK(topK), normalize ? Weigh.Normalized() : Weigh.Raw);

    /// <summary>Qwen2-MoE: softmax, top-k; not normalised in the released models. arXiv:2407.10671.</summary>
    public static Router Qwen2Moe(int topK = 4, bool normalize = false) => Olmoe(topK, normalize);

    /// <summary>Qwen3-MoE: softmax, top-k, renormalised in the released models. arXiv:2505.09388.</summary>
    public static Router Qwen3Moe(int topK = 8, bool normalize = true) => Olmoe(topK, normalize);

    /// <summary>DeepSeek-V3: sigmoid, bias for choosing, groups by the sum of their best two, normalised, scaled. arXiv:2412.19437.</summary>
    public static Router DeepSeekV3(
        int topK = 8, int groups = 8, int keep = 4, float scale = 2.5f, bool normalize = true, float updateRate = 1e-3f) =>
        new(
            Score.Sigmoid,
            groups > 1 ? Select.GroupLimitedTopK(topK, groups, keep, bestOf: 2) : Select.TopK(topK),
            normalize ? Weigh.Normalized(scale, epsilon: 1e-20f) : Weigh.Scaled(scale))
        {
            Bias = new ExpertBias(updateRate),
        };

    /// <summary>Switch: one expert, its softmax weight, a capacity, jitter on the input. arXiv:2101.03961.</summary>
    public static Router Switch(double capacityFactor = 1.25, float jitter = 0.01f) =>
        new(Score.Softmax, Select.TopK(1), Weigh.Raw) { Capacity = new Capacity(CapacityRule.Switch(capacityFactor)), InputJitter = jitter };
}
