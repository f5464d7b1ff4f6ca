namespace MoeSharp.Experts.Mixtures;

/// <summary>How a dense mixture is told its error.</summary>
public enum MixtureLossKind
{
    /// <summary><c>‖d − Σ p_i·o_i‖²</c>: experts mend the rest that the others leave.</summary>
    Cooperative,

    /// <summary><c>Σ p_i·‖d − o_i‖²</c>: each expert alone, weighted by its prior.</summary>
    Competitive,

    /// <summary><c>−log Σ p_i·exp(−‖d − o_i‖²/2σ²)</c>: each expert weighted by its posterior. The one that the paper recommends.</summary>
    NegativeLogLikelihood,
}
