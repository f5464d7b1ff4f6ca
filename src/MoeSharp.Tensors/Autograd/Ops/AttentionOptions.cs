namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>What an attention layer is: sizes, scale, and which keys a query sees.</summary>
/// <remarks>Make it once per layer: it is only read.</remarks>
public sealed record AttentionOptions
{
    private readonly int _keyValueHeadCount;
    private readonly int _valueHeadSize;
    private readonly float? _scale;

    /// <summary>Query heads, H.</summary>
    public required int HeadCount { get; init; }

    /// <summary>Key and value heads, G; query head h reads head h / (H / G). H must be a multiple.</summary>
    /// <value>H where not set.</value>
    public int KeyValueHeadCount
    {
        get => _keyValueHeadCount == 0 ? HeadCount : _keyValueHeadCount;
        init => _keyValueHeadCount = value;
    }

    /// <summary>Size of a query and of a key, d.</summary>
    public required int HeadSize { get; init; }

    /// <summary>Size of a value.</summary>
    /// <value>d where not set.</value>
    public int ValueHeadSize
    {
        get => _valueHeadSize == 0 ? HeadSize : _valueHeadSize;
        init => _valueHeadSize = value;
    }

    /// <summary>What query·key is multiplied by.</summary>
    /// <value>1/√d where not set.</value>
    public float Scale
    {
        get => _scale ?? (1f / MathF.Sqrt(HeadSize));
        init => _scale = value;
    }

    /// <summary>True where a query sees only itself and what came before.</summary>
    /// <value>True.</value>
    public bool Causal { get; init; } = true;

    /// <summary>How many keys a query sees, its own included: i − window &lt; j (and j &lt; i + window where not causal).</summary>
    /// <value>Null: all.</value>
    public int? SlidingWindow { get; init; }

    /// <summary>Positions of one block, counted from the start of a sequence: a query sees no key of an earlier block (Llama-4 calls
    /// it chunked attention). Causal attention only.</summary>
    /// <value>Null: no blocks.</value>
    public int? BlockLength { get; init; }

    /// <summary>Scores become cap·tanh(score / cap), as in Gemma 2.</summary>
    /// <value>Null: not capped.</value>
    public float? SoftCap { get; init; }

    /// <summary>One more logit per query head <c>[H]</c> that takes part in the softmax and carries no value, as in gpt-oss.</summary>
    /// <value>Null: none.</value>
    public Tensor? Sinks { get; init; }
}
