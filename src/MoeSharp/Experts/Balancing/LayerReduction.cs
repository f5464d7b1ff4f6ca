namespace MoeSharp.Experts.Balancing;

/// <summary>How the balance of several layers becomes one number.</summary>
public enum LayerReduction
{
    /// <summary>The mean of the layers' losses (MegaBlocks).</summary>
    Mean,

    /// <summary>Their sum.</summary>
    Sum,

    /// <summary>Counts and scores of all layers are pooled, then multiplied once (transformers): imbalance that cancels between layers costs nothing.</summary>
    Pooled,
}
