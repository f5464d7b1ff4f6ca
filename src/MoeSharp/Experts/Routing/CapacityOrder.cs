namespace MoeSharp.Experts.Routing;

/// <summary>In which order the choices of tokens take places in the buffers of their experts.</summary>
public enum CapacityOrder
{
    /// <summary>All first choices, then all second choices: GShard, V-MoE, flaxformer, NLLB, Tutel, ST-MoE.</summary>
    FirstChoicesFirst,

    /// <summary>All choices of a token, then those of the next: DeepSpeed top-k by position.</summary>
    TokenByToken,
}
