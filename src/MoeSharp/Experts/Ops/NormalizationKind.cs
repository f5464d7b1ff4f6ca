namespace MoeSharp.Experts.Ops;

/// <summary>How chosen scores are divided.</summary>
internal enum NormalizationKind
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>By norm + ε.</summary>
    Added,

    /// <summary>By max(norm, ε).</summary>
    Floor,
}
