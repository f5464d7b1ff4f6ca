namespace MoeSharp.Experts.Ops;

/// <summary>An elementwise function from logit to score.</summary>
internal enum ScoreFunction
{
    /// <summary>1 / (1 + e⁻ʰ).</summary>
    Sigmoid,

    /// <summary>√log(1 + eʰ).</summary>
    SqrtSoftplus,
}
