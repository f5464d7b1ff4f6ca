namespace MoeSharp.Models.Decoding;

/// <summary>How a decoder's router turns logits into scores.</summary>
public enum ScoreKind
{
    /// <summary>Softmax over all experts (Mixtral, OLMoE, Qwen).</summary>
    Softmax,

    /// <summary>Sigmoid of each logit (DeepSeek-V3 and its relatives).</summary>
    Sigmoid,

    /// <summary>The experts with the largest logits are chosen, and their weights are a softmax over them alone (Granite, gpt-oss).</summary>
    SoftmaxOfChosen,

    /// <summary>Two experts, each weighted by a softmax over the experts that compete with it (PhiMoE).</summary>
    SparseMixer,
}
