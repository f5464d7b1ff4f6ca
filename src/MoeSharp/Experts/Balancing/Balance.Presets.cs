namespace MoeSharp.Experts.Balancing;

/// <content>The conventions of projects by name. <c>docs/catalogue.md</c> has the table.</content>
public sealed partial class Balance
{
    /// <summary>All choices, the router's scores, the whole batch, 1 at balance; the mean over layers. Megatron-LM and MegaBlocks have it so.</summary>
    public static Balance LoadBalancing(float coefficient = 0.01f) => new(new LoadBalancingLoss { Coefficient = coefficient });

    /// <summary>Switch: the product for each sequence, then the mean; 1 at balance. arXiv:2101.03961.</summary>
    public static Balance Switch(float coefficient = 0.01f) =>
        new(new LoadBalancingLoss { Coefficient = coefficient, Counted = CountedChoices.First, Span = BalanceSpan.Sequence });

    /// <summary>transformers (Mixtral, OLMoE, Qwen …): softmax of the logits, all layers pooled, K at balance.</summary>
    public static Balance HuggingFace(float coefficient = 0.001f) => new(new LoadBalancingLoss
    {
        Coefficient = coefficient,
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
}
