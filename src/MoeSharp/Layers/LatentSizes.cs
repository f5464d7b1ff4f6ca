namespace MoeSharp.Layers;

/// <summary>The sizes of multi-head latent attention.</summary>
/// <remarks>Source: DeepSeek-V2, arXiv:2405.04434.</remarks>
public sealed record LatentSizes
{
    /// <summary>Width that queries pass through; null where they come straight from the hidden state (DeepSeek-V2-Lite).</summary>
    public int? QueryRank { get; init; }

    /// <summary>c, the width of the latent that keys and values of all heads come from.</summary>
    public required int KeyValueRank { get; init; }

    /// <summary>n, the columns of a query that are not rotated.</summary>
    public required int UnrotatedSize { get; init; }

    /// <summary>r, the columns of a query that are rotated, and of the key that all heads share.</summary>
    public required int RotatedSize { get; init; }

    /// <summary>v, the columns of a value.</summary>
    public required int ValueSize { get; init; }

    /// <summary>ε of the norms inside.</summary>
    /// <value>1e-6 by default, whatever the model's other norms have.</value>
    public float NormEpsilon { get; init; } = 1e-6f;

    /// <summary>Adds what is wrong, one sentence each.</summary>
    internal void CollectFaults(List<string> faults)
    {
        foreach ((string name, int value) in new[]
        {
            (nameof(QueryRank), QueryRank ?? 1), (nameof(KeyValueRank), KeyValueRank), (nameof(UnrotatedSize), UnrotatedSize),
            (nameof(RotatedSize), RotatedSize), (nameof(ValueSize), ValueSize),
        })
        {
            if (value < 1)
            {
                faults.Add($"Latent.{name} must be at least 1, got {value}.");
            }
        }

        if (RotatedSize % 2 != 0)
        {
            faults.Add($"Latent.RotatedSize must be even, got {RotatedSize}. Rotation works on pairs.");
        }

        if (!float.IsFinite(NormEpsilon) || NormEpsilon <= 0)
        {
            faults.Add($"Latent.NormEpsilon must be greater than 0, got {NormEpsilon}.");
        }
    }
}
