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

    /// <summary>Jacobs, Jordan, Nowlan, Hinton 1991: a softmax over all experts, all of them run.</summary>
    public static Router Jacobs() => new(Score.Softmax, Select.All(), Weigh.Raw);

    /// <summary>Shazeer: learned noise, top-k, softmax over the chosen; balanced by importance and load. arXiv:1701.06538.</summary>
    public static Router NoisyTopK(int topK = 4) =>
        new(Score.Softmax, Select.TopK(topK), Weigh.SoftmaxOverChosen)
        {
            Logits = new LinearLogits(standardDeviation: 0),
            Noise = LogitNoise.Learned(),
        };

    /// <summary>GShard: top-2 normalised before anything is dropped, the second expert with probability 2·w₂, capacity a group. arXiv:2006.16668.</summary>
    public static Router GShard(double capacityFactor = 1, float threshold = 0.5f) =>
        new(Score.Softmax, Select.TopK(2), Weigh.Normalized(epsilon: 1e-9f))
        {
            Retention = Retention.Random(threshold).InTrainingOnly(),
            Capacity = new Capacity(CapacityRule.GShard(capacityFactor)),
        };

    /// <summary>GShard as DeepSpeed has it: the second expert sampled, weights normalised over what survived. DeepSpeed 0.19, top2gating.</summary>
    public static Router GShardDeepSpeed(double capacityFactor = 1, int minimumCapacity = 4, bool samplesSecond = true) =>
        new(
            Score.Softmax,
            samplesSecond ? Select.SampledTopK(2) : Select.TopK(2),
            Weigh.Normalized(epsilon: 1.1920929e-7f, floor: true, afterDrop: true))
        {
            Capacity = new Capacity(CapacityRule.DeepSpeed(capacityFactor, minimumCapacity)),
        };

    /// <summary>DeepSpeed's top-1 with random token selection: an overfull expert keeps a random subset. DeepSpeed 0.19, top1gating.</summary>
    public static Router SwitchDeepSpeed(double capacityFactor = 1, int minimumCapacity = 4) =>
        new(Score.Softmax, Select.TopK(1), Weigh.Raw)
        {
            Capacity = new Capacity(CapacityRule.DeepSpeed(capacityFactor, minimumCapacity)) { Priority = CapacityPriority.Random },
        };

    /// <summary>ST-MoE: top-n normalised, later choices by threshold, capacity with a minimum of 4. arXiv:2202.08906.</summary>
    public static Router StMoe(
        int topK = 2, double capacityFactor = 1.25, double evaluationCapacityFactor = 2, params float[] thresholds) =>
        new(Score.Softmax, Select.TopK(topK), Weigh.Normalized(epsilon: 1e-9f, floor: true))
        {
            Retention = Retention.Random(thresholds is [] ? [0.2f] : thresholds).InTrainingOnly(), // so that evaluation repeats exactly
            Capacity = new Capacity(CapacityRule.StMoe(capacityFactor)) { EvaluationRule = CapacityRule.StMoe(evaluationCapacityFactor) },
        };

    /// <summary>GLaM: GShard's top-2 with capacity factor 2. arXiv:2112.06905.</summary>
    public static Router Glam() => GShard(capacityFactor: 2);

    /// <summary>NLLB-MoE: top-2, normalised over what survived, 2⌈T/E⌉ places. arXiv:2207.04672.</summary>
    public static Router Nllb(bool normalizeAfterDrop = true, CapacityRule? capacity = null) =>
        new(Score.Softmax, Select.TopK(2), Weigh.Normalized(epsilon: 1.1920929e-7f, floor: true, afterDrop: normalizeAfterDrop))
        {
            Capacity = new Capacity(capacity ?? CapacityRule.Nllb),
        };

    /// <summary>Expert choice: each expert takes the ⌈c·T/E⌉ tokens that score it highest; not for causal models. arXiv:2202.09368.</summary>
    public static Router ExpertChoice(double expertsPerToken = 2) =>
        new(Score.Softmax, Select.ExpertChoice(CapacityRule.VMoe(expertsPerToken, multipleOf: 1)), Weigh.Raw);

    /// <summary>V-MoE: noise of 1/E, raw weights, batch-prioritised capacity. arXiv:2106.05974.</summary>
    public static Router VMoe(int topK = 2, double capacityFactor = 1.05, float noise = 1, bool batchPriority = true, int multipleOf = 4) =>
        new(Score.Softmax, Select.TopK(topK), Weigh.Raw)
        {
            Noise = LogitNoise.Gaussian(noise),
            Capacity = new Capacity(CapacityRule.VMoe(capacityFactor, multipleOf: multipleOf))
            {
                Priority = batchPriority ? CapacityPriority.TokenScore : CapacityPriority.Position,
            },
        };

    /// <summary>LIMoE: V-MoE's top-1 with batch priority, both modalities in one group; entropy losses. arXiv:2206.02770.</summary>
    public static Router Limoe() => VMoe(topK: 1);

    /// <summary>Tutel: normalised before drops (not for one choice), its own rounding of the capacity. arXiv:2206.03382.</summary>
    public static Router Tutel(
        int topK = 2, double capacityFactor = 1, bool normalize = true, bool batchPriority = false, int alignment = 1, float noise = 0) =>
        new(Score.Softmax, Select.TopK(topK), normalize ? Weigh.Normalized(epsilon: 1.1920929e-7f, floor: true, unlessSingle: true) : Weigh.Raw)
        {
            Noise = noise > 0 ? LogitNoise.Gaussian(noise) : null,
            Capacity = new Capacity(CapacityRule.Tutel(capacityFactor, alignment))
            {
                Priority = batchPriority ? CapacityPriority.TokenScore : CapacityPriority.Position,
            },
        };

    /// <summary>Tutel's cosine router: the direction of a projection against one direction an expert.</summary>
    public static Router Cosine(int topK = 2, int projectionSize = 256) =>
        new(Score.Softmax, Select.TopK(topK), Weigh.Normalized(unlessSingle: true)) { Logits = new CosineLogits(projectionSize) };

    /// <summary>DBRX: softmax, top-k, divided by the p-norm of the chosen; null for none. dbrx, moe_normalize_expert_weights.</summary>
    public static Router Dbrx(int topK = 4, float? normPower = 1) =>
        new(Score.Softmax, Select.TopK(topK), normPower is { } p ? Weigh.Normalized(power: p) : Weigh.Raw);

    /// <summary>DeepSeekMoE: many small experts, raw softmax weights; shared experts stand beside. arXiv:2401.06066.</summary>
    public static Router DeepSeekMoe(int topK = 6) => new(Score.Softmax, Select.TopK(topK), Weigh.Raw);

    /// <summary>DeepSeek-V2: groups by their best expert, raw weights times a constant. arXiv:2405.04434.</summary>
    public static Router DeepSeekV2(int topK = 6, int groups = 8, int keep = 3, float scale = 16) =>
        new(Score.Softmax, groups > 1 ? Select.GroupLimitedTopK(topK, groups, keep, bestOf: 1) : Select.TopK(topK), Weigh.Scaled(scale));

    /// <summary>Llama-4: top-k of logits, sigmoid of the chosen, multiplied onto the expert's input.</summary>
    public static Router Llama4(int topK = 1) => new(Score.Sigmoid, Select.TopK(topK, byLogits: true), Weigh.Raw) { WeighsInput = true };

    /// <summary>gpt-oss, GraniteMoE, JetMoE: top-k of logits, softmax over the chosen; gpt-oss has a bias in the router.</summary>
    public static Router SoftmaxAfterTopK(int topK = 4, bool hasBias = false) =>
        new(Score.Identity, Select.TopK(topK), Weigh.SoftmaxOverChosen) { Logits = new LinearLogits(hasBias) };

    /// <summary>PhiMoE: the sparse mixer, two choices that do not share a softmax. arXiv:2409.12136.</summary>
    public static Router PhiMoe(float jitter = 0.01f) => new(Score.Identity, Select.SparseMixer(jitter), Weigh.SparseMixer(jitter));

    /// <summary>grok-1: softmax, top-2, raw weights in the official code; llama.cpp and vLLM normalise.</summary>
    public static Router Grok(bool normalize = false) => Olmoe(topK: 2, normalize);

    /// <summary>LongCat-Flash: softmax, bias for choosing, raw weights times a constant; its last experts are identities. arXiv:2509.01322.</summary>
    public static Router LongCatFlash(int topK = 12, float scale = 6) =>
        new(Score.Softmax, Select.TopK(topK), Weigh.Scaled(scale)) { Bias = new ExpertBias() };

    /// <summary>MiniMax-M2: sigmoid, bias for choosing, normalised.</summary>
    public static Router MiniMaxM2(int topK = 8) =>
        new(Score.Sigmoid, Select.TopK(topK), Weigh.Normalized()) { Bias = new ExpertBias() };

    /// <summary>ERNIE 4.5: softmax, bias for choosing, normalised with a lower limit.</summary>
    public static Router Ernie45(int topK = 6, float minimum = 1e-12f) =>
        new(Score.Softmax, Select.TopK(topK), Weigh.Normalized(epsilon: minimum, floor: true)) { Bias = new ExpertBias() };

    /// <summary>Hash layers: a fixed table from token id to expert, weight 1. arXiv:2106.04426.</summary>
    public static Router Hash(int[] table, int k = 1) => new(Score.Identity, Select.ByToken(table, k), Weigh.One) { Logits = new NoLogits() };

    /// <summary>PanGu-Σ: the domain chooses a group of experts, a random table one of them. arXiv:2303.10845.</summary>
    public static Router PanGuSigma(int[] table, int expertsPerDomain) =>
        new(Score.Identity, Select.ByDomainAndToken(table, expertsPerDomain), Weigh.One) { Logits = new NoLogits() };

    /// <summary>BASE: a balanced assignment in training, the best expert in evaluation, sigmoid weights. arXiv:2103.16716.</summary>
    /// <remarks>Give it to a layer with <see cref="MoeLayer.PassesRemainder"/>.</remarks>
    public static Router Base() => new(Score.Sigmoid, Select.BalancedAssignment(), Weigh.Raw);

    /// <summary>S-BASE: chosen by a Sinkhorn plan in training, weighted by the plain router. arXiv:2202.01169; weights as Megatron-Core.</summary>
    public static Router SinkhornBase(int topK = 1, double tolerance = 1e-4) =>
        new(topK == 1 ? Score.Sigmoid : Score.Softmax, Select.SinkhornTopK(topK, tolerance), Weigh.Raw);

    /// <summary>ReMoE: ReLU, every expert above zero. arXiv:2412.14711.</summary>
    public static Router ReMoe(int targetTopK) => new(Score.Relu, Select.Positive(targetTopK), Weigh.Raw);
}
