namespace MoeSharp.Experts.Balancing;

/// <summary>Which choices a load-balancing loss counts.</summary>
public enum CountedChoices
{
    /// <summary>All K choices before drops: DeepSpeed top-k, Megatron-Core, MegaBlocks, OLMo-core, transformers, flaxformer.</summary>
    All,

    /// <summary>The first choice only: GShard, DeepSpeed top-2, V-MoE, Tutel.</summary>
    First,

    /// <summary>First choices that survived the capacity (the ST-MoE port in PyTorch).</summary>
    FirstServed,

    /// <summary>A plain top-k of the loss's own scores, without expert bias and group limits: Megatron-Core, the paper of DeepSeek-V3.</summary>
    PlainTopK,
}
