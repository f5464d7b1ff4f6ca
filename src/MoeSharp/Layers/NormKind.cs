namespace MoeSharp.Layers;

/// <summary>Which normalisation a model uses.</summary>
public enum NormKind
{
    /// <summary>Root mean square, with a weight.</summary>
    Rms,

    /// <summary>Mean and variance, with a weight and no bias (DBRX).</summary>
    Layer,

    /// <summary>Mean and variance, with a weight and a bias (PhiMoE).</summary>
    LayerWithBias,
}
