namespace MoeSharp.Experts.Routing;

/// <summary>Who is served first by an expert with a capacity.</summary>
public enum CapacityPriority
{
    /// <summary>Earlier tokens.</summary>
    Position,

    /// <summary>Tokens with the larger best score: batch-prioritised routing (V-MoE's code, flaxformer, NLLB, Tutel).</summary>
    TokenScore,

    /// <summary>Tokens with the larger sum of chosen scores (V-MoE's paper).</summary>
    TokenScoreSum,

    /// <summary>Choices with the larger score of that expert (DeepSpeed "probs").</summary>
    ChoiceScore,

    /// <summary>Choices with the larger weight (Megatron-Core "probs").</summary>
    ChoiceWeight,

    /// <summary>Choices with the larger random number (DeepSpeed's random token selection).</summary>
    Random,
}
