namespace MoeSharp.Experts.Balancing;

/// <content>The conventions of projects by name. <c>docs/catalogue.md</c> has the table.</content>
public sealed partial class Balance
{
    /// <summary>All choices, the router's scores, the whole batch, 1 at balance; the mean over layers. Megatron-LM and MegaBlocks have it so.</summary>
    public static Balance LoadBalancing(float coefficient = 0.01f) => new(new LoadBalancingLoss { Coefficient = coefficient });

    /// <summary>Switch: the product for each sequence, then the mean; 1 at balance. arXiv:2101.03961.</summary>
    public static Balance Switch(float coefficient = 0.01f) =>
        new(new LoadBalancingLoss { Coefficient = coefficient, Counted = CountedChoices.First, Span = BalanceSpan.Sequence });

    /// <summary>transformers (Mixtral, OLMoE, Qwen …): softmax of the logits, the K largest of it counted whatever the router chose, all
    /// layers pooled, K at balance.</summary>
    public static Balance HuggingFace(float coefficient = 0.001f) => new(new LoadBalancingLoss
    {
        Coefficient = coefficient,
        Counted = CountedChoices.PlainTopK,
        Scores = BalanceScores.CleanSoftmax,
        Layers = LayerReduction.Pooled,
        DividesByTopK = false,
    });

    /// <summary>DeepSeek-V3's sequence-wise loss: scores divided by their sum, choices by the scores alone. arXiv:2412.19437.</summary>
    public static Balance DeepSeekV3(float coefficient = 1e-4f) => new(new LoadBalancingLoss
    {
        Coefficient = coefficient,
        Counted = CountedChoices.PlainTopK,
        Scores = BalanceScores.Normalized,
        Span = BalanceSpan.Sequence,
        Layers = LayerReduction.Sum,
    });

    /// <summary>The router z-loss of ST-MoE, the mean over layers. arXiv:2202.08906.</summary>
    public static Balance RouterZ(float coefficient = 0.001f) => new(new RouterZLoss { Coefficient = coefficient });

    /// <summary>GShard: first choices, the batch, 1 at balance. arXiv:2006.16668; DeepSpeed top-1 and top-2, Tutel.</summary>
    public static Balance GShard(float coefficient = 0.01f) =>
        new(new LoadBalancingLoss { Coefficient = coefficient, Counted = CountedChoices.First });

    /// <summary>V-MoE's GShard loss: as <see cref="GShard"/>, for each group by itself.</summary>
    public static Balance GShardByGroup(float coefficient = 0.01f) => Switch(coefficient);

    /// <summary>DeepSpeed top-k, MegaBlocks, OLMo-core: all choices, the batch, 1 at balance; the mean over layers.</summary>
    public static Balance MegaBlocks(float coefficient = 0.01f) => LoadBalancing(coefficient);

    /// <summary>Megatron-Core: all of a plain top-k of scores that sum to one, whatever bias or groups chose; 1 at balance.</summary>
    public static Balance MegatronCore(float coefficient = 0.01f, bool perSequence = false) => new(new LoadBalancingLoss
    {
        Coefficient = coefficient,
        Counted = CountedChoices.PlainTopK,
        Scores = BalanceScores.Normalized,
        Span = perSequence ? BalanceSpan.Sequence : BalanceSpan.Batch,
    });

    /// <summary>OLMo-core: all choices, bias included; sigmoid scores divided by their sum; "instance" is per sequence by length.</summary>
    public static Balance OlmoCore(float coefficient = 0.01f, bool perInstance = false, float tokenDivisor = 0) => new(new LoadBalancingLoss
    {
        Coefficient = coefficient,
        Scores = BalanceScores.Normalized,
        Span = perInstance ? BalanceSpan.SequenceByLength : BalanceSpan.Batch,
        TokenDivisor = tokenDivisor,
    });

    /// <summary>flaxformer: all choices, for each group, K at balance.</summary>
    public static Balance Flaxformer(float coefficient = 0.01f) =>
        new(new LoadBalancingLoss { Coefficient = coefficient, Span = BalanceSpan.Sequence, DividesByTopK = false });

    /// <summary>The PyTorch port of ST-MoE: only first choices that survived the capacity, for each sequence.</summary>
    public static Balance StMoePort(float coefficient = 0.01f) =>
        new(new LoadBalancingLoss { Coefficient = coefficient, Counted = CountedChoices.FirstServed, Span = BalanceSpan.Sequence });

    /// <summary>ST-MoE: Switch's loss and the router z-loss. arXiv:2202.08906.</summary>
    public static Balance StMoe(float coefficient = 0.01f, float zCoefficient = 0.001f) => Switch(coefficient) + RouterZ(zCoefficient);

    /// <summary>Shazeer: importance of the weights and smooth load, both unbiased. arXiv:1701.06538.</summary>
    public static Balance Shazeer(Routing.LogitNoise noise, float importance = 0.1f, float load = 0.1f) =>
        new(new ImportanceLoss { Coefficient = importance }, new LoadLoss(noise) { Coefficient = load });

    /// <summary>V-MoE: importance of the clean softmax and smooth load, for each group, population variance. arXiv:2106.05974.</summary>
    public static Balance VMoe(Routing.LogitNoise noise, float importance = 0.005f, float load = 0.005f) => new(
        new ImportanceLoss
        {
            Coefficient = importance,
            Scores = BalanceScores.CleanSoftmax,
            Unbiased = false,
            Epsilon = 0,
            Span = BalanceSpan.Sequence,
        },
        new LoadLoss(noise) { Coefficient = load, ExcludesSelf = false, Unbiased = false, Epsilon = 0, Span = BalanceSpan.Sequence });

    /// <summary>Tutel's load-importance loss: half of both, on clean logits as its function is given them.</summary>
    public static Balance Tutel(Routing.LogitNoise noise, float coefficient = 0.01f) => new(
        new ImportanceLoss { Coefficient = coefficient / 2, Scores = BalanceScores.CleanSoftmax },
        new LoadLoss(noise) { Coefficient = coefficient / 2, ExcludesSelf = false });

    /// <summary>DeepSeekMoE and DeepSeek-V2: all choices, the batch, 1 at balance; the sum over layers. arXiv:2401.06066.</summary>
    public static Balance DeepSeekMoe(float coefficient = 0.003f, bool perSequence = false) => new(new LoadBalancingLoss
    {
        Coefficient = coefficient,
        Span = perSequence ? BalanceSpan.Sequence : BalanceSpan.Batch,
        Layers = LayerReduction.Sum,
    });

    /// <summary>LIMoE: confident tokens and at least S experts, for one modality. arXiv:2206.02770.</summary>
    public static Balance Limoe(int domain, double targetExperts, float local = 0.04f, float global = 0.04f) => new(
        new EntropyLoss { Domain = domain, Coefficient = local },
        new EntropyLoss { Domain = domain, IsGlobal = true, TargetExperts = targetExperts, Coefficient = global });

    /// <summary>ReMoE: load times summed ReLU output; its coefficient is steered by a <see cref="SparsityControl"/>. arXiv:2412.14711.</summary>
    public static Balance ReMoe(int targetTopK, float coefficient = 1e-8f) =>
        new(new LoadBalancingLoss { Coefficient = coefficient, TargetTopK = targetTopK });
}
