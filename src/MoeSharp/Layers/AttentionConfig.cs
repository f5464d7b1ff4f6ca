namespace MoeSharp.Layers;

/// <summary>The facts of one attention layer.</summary>
public sealed record AttentionConfig
{
    /// <summary>D, the width of the residual stream.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>H, the query heads.</summary>
    public required int HeadCount { get; init; }

    /// <summary>G, the key-value heads; divides H.</summary>
    public required int KeyValueHeadCount { get; init; }

    /// <summary>d, the size of a head.</summary>
    public required int HeadSize { get; init; }

    /// <summary>Normalisation of queries and keys.</summary>
    public QueryKeyNorm QueryKeyNorm { get; init; }

    /// <summary>ε of the query and key norms.</summary>
    public float NormEpsilon { get; init; } = 1e-5f;

    /// <summary>True for biases on the query, key and value projections.</summary>
    public bool HasQueryKeyValueBias { get; init; }

    /// <summary>True for a bias on the output projection.</summary>
    public bool HasOutputBias { get; init; }

    /// <summary>Queries, keys and values are clamped to ± this; null for no clamp.</summary>
    public float? ClipQueryKeyValue { get; init; }

    /// <summary>A token sees itself and this many minus one tokens before it; null for all.</summary>
    public int? SlidingWindow { get; init; }

    /// <summary>A token sees nothing of earlier blocks of this many positions; null for all.</summary>
    public int? BlockLength { get; init; }

    /// <summary>False where queries and keys are not rotated, so that the layer knows no positions.</summary>
    public bool IsRotated { get; init; } = true;

    /// <summary>How queries grow with their position; null for not at all.</summary>
    public QueryTemperature? Temperature { get; init; }

    /// <summary>True for one more learned logit per head that takes part in the softmax and has no value (gpt-oss).</summary>
    public bool HasSinks { get; init; }

    /// <summary>Scores become cap·tanh(score / cap); null for no cap.</summary>
    public float? SoftCap { get; init; }

    /// <summary>The sizes of latent attention; null for keys and values of their own.</summary>
    public LatentSizes? Latent { get; init; }

    /// <summary>What query·key is multiplied by; null for 1/√d.</summary>
    public float? Scale { get; init; }
}
