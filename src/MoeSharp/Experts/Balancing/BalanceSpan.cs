namespace MoeSharp.Experts.Balancing;

/// <summary>Over which rows a balance loss takes its means before it multiplies.</summary>
public enum BalanceSpan
{
    /// <summary>All rows of the batch together.</summary>
    Batch,

    /// <summary>Each sequence (group) by itself, then the mean over sequences: Switch, flaxformer, V-MoE, DeepSeek-V3.</summary>
    Sequence,

    /// <summary>As <see cref="Sequence"/>, longer sequences counting more: divided by all tokens (OLMo-core "instance").</summary>
    SequenceByLength,
}
