namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>What <see cref="NormalizeRowsOp"/> divides a row by.</summary>
public enum RowNorm
{
    /// <summary>Σ w + ε.</summary>
    SumPlusEpsilon,

    /// <summary>max(Σ w, ε).</summary>
    SumAtLeastEpsilon,

    /// <summary>Σ |w| + ε.</summary>
    AbsoluteSum,

    /// <summary>√(Σ w²) + ε.</summary>
    Euclidean,
}
