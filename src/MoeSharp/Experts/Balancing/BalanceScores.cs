namespace MoeSharp.Experts.Balancing;

/// <summary>Which scores a balance loss sums.</summary>
public enum BalanceScores
{
    /// <summary>The router's own scores, noise included.</summary>
    AsRouted,

    /// <summary>The router's own scores divided by their sum over all experts: sigmoid routers (DeepSeek-V3, Megatron-Core, OLMo-core).</summary>
    Normalized,

    /// <summary>Softmax over the clean logits, however the router scores (transformers).</summary>
    CleanSoftmax,

    /// <summary>The weights of the chosen experts, 0 for the others (Shazeer's importance).</summary>
    Weights,

    /// <summary>The clean logits themselves.</summary>
    CleanLogits,
}
