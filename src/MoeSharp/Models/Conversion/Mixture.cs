namespace MoeSharp.Models.Conversion;

/// <summary>The mixtures of formats that GGUF files are usually published in.</summary>
internal enum Mixture
{
    /// <summary>One format for all matrices.</summary>
    None,

    /// <summary>2 bits, 3 and 4 where it matters.</summary>
    Q2K,

    /// <summary>3 bits.</summary>
    Q3KSmall,

    /// <summary>3 bits, 4 and 5 where it matters.</summary>
    Q3KMedium,

    /// <summary>3 bits, 5 where it matters.</summary>
    Q3KLarge,

    /// <summary>4 bits, 5 in the first layers.</summary>
    Q4KSmall,

    /// <summary>4 bits, 6 where it matters.</summary>
    Q4KMedium,

    /// <summary>5 bits.</summary>
    Q5KSmall,

    /// <summary>5 bits, 6 where it matters.</summary>
    Q5KMedium,

    /// <summary>6 bits.</summary>
    Q6K,

    /// <summary>4 bits of an uneven table.</summary>
    IQ4XS,

    /// <summary>4-bit floats for experts, 8 bits for the rest.</summary>
    MXFP4Experts,
}
