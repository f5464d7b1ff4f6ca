namespace MoeSharp.Tensors.Measurement;

/// <summary>How the factors of a product lie in memory.</summary>
public enum ProductKind
{
    /// <summary><c>[m, k]·[n, k]ᵀ</c>: forward.</summary>
    Nt,

    /// <summary><c>[m, k]·[k, n]</c>: input gradient.</summary>
    Nn,

    /// <summary><c>[k, m]ᵀ·[k, n]</c>: weight gradient.</summary>
    Tn,
}
