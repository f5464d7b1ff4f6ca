using MoeSharp.Layers;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Models.Decoding;

/// <summary>All facts of a decoder: what its mathematics is, saved beside its weights.</summary>
/// <remarks>
/// <para>A value: two configurations with the same facts are equal. A published family (Mixtral, OLMoE …) is a part of this space;
/// <see cref="Families.FamilyCatalogue"/> maps between them and <c>config.json</c>.</para>
/// <para><see cref="Validate"/> reports all faults at once.</para>
/// </remarks>
public sealed record DecoderConfig
{
    /// <summary>More layers than any model has: a number beyond it comes from a damaged file, and would only fill memory.</summary>
    internal const int MaxLayerCount = 10_000;

    /// <summary>More heads or experts of all layers together than any model has.</summary>
    internal const int MaxPartCount = 2_000_000;

    /// <summary>V, the tokens the model knows.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>D, the width of the residual stream.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>L, the number of blocks.</summary>
    public required int LayerCount { get; init; }

    /// <summary>H, the query heads.</summary>
    public required int HeadCount { get; init; }

    /// <summary>G, the key-value heads; each serves <c>H / G</c> query heads.</summary>
    public required int KeyValueHeadCount { get; init; }

    /// <summary>d, the size of a head; <c>H·d</c> need not be D.</summary>
    public required int HeadSize { get; init; }

    /// <summary>The sizes of latent attention, where all layers have it; null for keys and values of their own.</summary>
    /// <value>Null by default. With it, <see cref="HeadSize"/> is the sum of both parts of a query, and
    /// <see cref="KeyValueHeadCount"/> equals <see cref="HeadCount"/>.</value>
    public LatentSizes? Latent { get; init; }

    /// <summary>F, the width inside dense feed-forward layers.</summary>
    /// <value>0 where every layer has experts and the family names no dense width.</value>
    public int IntermediateSize { get; init; }

    /// <summary>The most positions a sequence may have.</summary>
    /// <value>2048 by default.</value>
    public int PositionCount { get; init; } = 2048;

    /// <summary>Which normalisation.</summary>
    public NormKind Norm { get; init; } = NormKind.Rms;

    /// <summary>ε of the normalisations.</summary>
    /// <value>1e-5 by default.</value>
    public float NormEpsilon { get; init; } = 1e-5f;

    /// <summary>Where in a block the norms stand.</summary>
    /// <value>Before each part by default.</value>
    public NormPlacement NormPlacement { get; init; } = NormPlacement.Before;

    /// <summary>What the embedding's rows are multiplied by.</summary>
    /// <value>1 by default; 12 in Granite.</value>
    public float EmbeddingScale { get; init; } = 1;

    /// <summary>What the result of each part of a block is multiplied by before it joins the residual stream.</summary>
    /// <value>1 by default; 0.22 in Granite.</value>
    public float ResidualScale { get; init; } = 1;

    /// <summary>What the logits are multiplied by at the end.</summary>
    /// <value>1 by default; one over <c>logits_scaling</c> in Granite.</value>
    public float LogitScale { get; init; } = 1;

    /// <summary>What query·key is multiplied by; null for 1/√d, with latent attention times the square of YaRN's factor for all dimensions.</summary>
    public float? AttentionScale { get; init; }

    /// <summary>How positions rotate queries and keys.</summary>
    public RotaryConfig Rotary { get; init; } = new();

    /// <summary>Normalisation of queries and keys.</summary>
    public QueryKeyNorm QueryKeyNorm { get; init; } = QueryKeyNorm.None;

    /// <summary>True for biases on the query, key and value projections.</summary>
    public bool HasQueryKeyValueBias { get; init; }

    /// <summary>True for a bias on attention's output projection.</summary>
    public bool HasOutputBias { get; init; }

    /// <summary>Queries, keys and values are clamped to ± this before rotation; null for no clamp.</summary>
    public float? ClipQueryKeyValue { get; init; }

    /// <summary>A token sees itself and this many minus one tokens before it; null for all.</summary>
    public int? SlidingWindow { get; init; }

    /// <summary>A token sees nothing of earlier blocks of this many positions (Llama 4); null for all.</summary>
    public int? AttentionBlockLength { get; init; }

    /// <summary>The layers whose queries and keys are not rotated.</summary>
    public NumberList UnrotatedLayers { get; init; } = [];

    /// <summary>How queries of unrotated layers grow with their position; null for not at all.</summary>
    public QueryTemperature? Temperature { get; init; }

    /// <summary>True for one more learned logit per head that takes part in attention's softmax and has no value (gpt-oss).</summary>
    public bool HasAttentionSinks { get; init; }

    /// <summary>Scores of attention become cap·tanh(score / cap); null for no cap.</summary>
    /// <value>30 in Grok-1.</value>
    public float? AttentionSoftCap { get; init; }

    /// <summary>The layers that see everything although <see cref="SlidingWindow"/> or <see cref="AttentionBlockLength"/> is set.</summary>
    public NumberList FullAttentionLayers { get; init; } = [];

    /// <summary>The activation in feed-forward layers and experts.</summary>
    public Activation Activation { get; init; } = Activation.Silu;

    /// <summary>True for biases in dense feed-forward layers.</summary>
    public bool HasFeedForwardBias { get; init; }

    /// <summary>True for a bias on the logits.</summary>
    public bool HasHeadBias { get; init; }

    /// <summary>True when the head uses the embedding's weight.</summary>
    public bool IsTied { get; init; }

    /// <summary>The experts; null for a dense model.</summary>
    public ExpertsConfig? Experts { get; init; }

    /// <summary>The layers that are dense although <see cref="Experts"/> is set.</summary>
    public NumberList DenseLayers { get; init; } = [];

    /// <summary>Standard deviation of fresh matrices.</summary>
    /// <value>0.02 by default.</value>
    public float InitializerRange { get; init; } = 0.02f;

    /// <summary>The token that begins a text, if there is one; published files may name one that the vocabulary does not have.</summary>
    public int? BeginToken { get; init; }

    /// <summary>The tokens that end a text; one that the vocabulary does not have never occurs.</summary>
    public NumberList EndTokens { get; init; } = [];

    /// <summary>The token that fills up, if there is one.</summary>
    public int? PaddingToken { get; init; }

    /// <summary>True when block <paramref name="layer"/> has experts.</summary>
    public bool HasExperts(int layer) => Experts is not null && !DenseLayers.Contains(layer);

    /// <summary>The window of block <paramref name="layer"/>, or null when it sees everything.</summary>
    public int? WindowOf(int layer) => FullAttentionLayers.Contains(layer) ? null : SlidingWindow;

    /// <summary>The length of blocks that block <paramref name="layer"/> of the model sees, or null when it sees everything.</summary>
    public int? BlockLengthOf(int layer) => FullAttentionLayers.Contains(layer) ? null : AttentionBlockLength;

    /// <summary>The columns of a query or key that rotation works on.</summary>
    public int RotatedHeadSize => Latent?.RotatedSize ?? HeadSize;

    /// <summary>Numbers that a cache keeps for a token and layer.</summary>
    public int CachedSize => Latent is { } latent ? latent.KeyValueRank + latent.RotatedSize : 2 * KeyValueHeadCount * HeadSize;

    /// <summary>The facts of attention in block <paramref name="layer"/>.</summary>
    public AttentionConfig AttentionOf(int layer) => new()
    {
        HiddenSize = HiddenSize,
        HeadCount = HeadCount,
        KeyValueHeadCount = KeyValueHeadCount,
        HeadSize = HeadSize,
        QueryKeyNorm = QueryKeyNorm,
        NormEpsilon = NormEpsilon,
        HasQueryKeyValueBias = HasQueryKeyValueBias,
        HasOutputBias = HasOutputBias,
        ClipQueryKeyValue = ClipQueryKeyValue,
        SlidingWindow = WindowOf(layer),
        BlockLength = BlockLengthOf(layer),
        IsRotated = !UnrotatedLayers.Contains(layer),
        Temperature = UnrotatedLayers.Contains(layer) ? Temperature : null,
        HasSinks = HasAttentionSinks,
        SoftCap = AttentionSoftCap,
        Latent = Latent,
        Scale = AttentionScale
            ?? (Latent is null || HeadSize < 1 ? null : (float)(Rotary.LatentScoreFactor / Math.Sqrt(HeadSize))),
    };

    /// <summary>Predicts the parameters without building anything.</summary>
    public ParameterCount CountParameters() => ParameterCount.Of(this);

    /// <summary>Throws when something is wrong.</summary>
    /// <returns>This configuration.</returns>
    /// <exception cref="ConfigException">At least one fact is out of range; the message has all of them.</exception>
    public DecoderConfig Validate()
    {
        ConfigException.ThrowIfAny(nameof(DecoderConfig), Faults());
        return this;
    }

    /// <summary>All that is wrong, one sentence each.</summary>
    public IReadOnlyList<string> Faults()
    {
        List<string> faults = [];
        RequirePositive(faults, nameof(VocabularySize), VocabularySize);
        RequirePositive(faults, nameof(HiddenSize), HiddenSize);
        RequirePositive(faults, nameof(LayerCount), LayerCount);
        RequirePositive(faults, nameof(HeadCount), HeadCount);
        RequirePositive(faults, nameof(PositionCount), PositionCount);
        if (LayerCount > MaxLayerCount || (long)LayerCount * Math.Max(HeadCount, Experts?.ExpertCount ?? 0) > MaxPartCount)
        {
            faults.Add($"LayerCount is {LayerCount} with {HeadCount} heads and {Experts?.ExpertCount ?? 0} experts each. At most "
                + $"{MaxLayerCount:N0} layers, and {MaxPartCount:N0} heads and as many experts in all, are built.");
        }

        if (KeyValueHeadCount < 1 || (HeadCount > 0 && HeadCount % KeyValueHeadCount != 0))
        {
            faults.Add($"KeyValueHeadCount must be at least 1 and divide HeadCount ({HeadCount}), got {KeyValueHeadCount}.");
        }

        if (Latent is null && (HeadSize < 2 || HeadSize % 2 != 0))
        {
            faults.Add($"HeadSize must be even and at least 2, got {HeadSize}. Rotation works on pairs.");
        }

        RequireAboveZero(faults, nameof(NormEpsilon), NormEpsilon);
        RequireAboveZero(faults, nameof(EmbeddingScale), EmbeddingScale);
        RequireAboveZero(faults, nameof(ResidualScale), ResidualScale);
        RequireAboveZero(faults, nameof(LogitScale), LogitScale);
        RequireAboveZero(faults, nameof(AttentionScale), AttentionScale ?? 1);

        if (ClipQueryKeyValue is { } clip && !(clip > 0 && float.IsFinite(clip)))
        {
            faults.Add($"ClipQueryKeyValue must be greater than 0, got {clip}. Leave it null for no clamp.");
        }

        if (AttentionBlockLength is < 1)
        {
            faults.Add($"AttentionBlockLength must be at least 1, got {AttentionBlockLength}. Leave it null to see everything.");
        }

        if (AttentionSoftCap is { } cap && !(cap > 0 && float.IsFinite(cap)))
        {
            faults.Add($"AttentionSoftCap must be greater than 0, got {cap}. Leave it null for no cap.");
        }

        if (Temperature is { } temperature && !(temperature.Scale >= 0 && double.IsFinite(temperature.Scale) && temperature.Floor > 0 && double.IsFinite(temperature.Floor)))
        {
            faults.Add($"Temperature must have a Scale of at least 0 and a Floor above 0, got {temperature.Scale} and {temperature.Floor}.");
        }

        if (SlidingWindow is < 1)
        {
            faults.Add($"SlidingWindow must be at least 1, got {SlidingWindow}. Leave it null to see everything.");
        }

        if (!float.IsFinite(InitializerRange) || InitializerRange < 0)
        {
            faults.Add($"InitializerRange must not be negative, got {InitializerRange}.");
        }

        bool hasDenseLayer = Experts is null || DenseLayers.Count > 0;
        if (IntermediateSize < (hasDenseLayer ? 1 : 0))
        {
            faults.Add($"IntermediateSize must be at least 1 where a layer is dense, got {IntermediateSize}.");
        }

        RequireLayers(faults, nameof(DenseLayers), DenseLayers);
        RequireLayers(faults, nameof(FullAttentionLayers), FullAttentionLayers);
        RequireLayers(faults, nameof(UnrotatedLayers), UnrotatedLayers);
        CollectLatentFaults(faults);
        if (faults.Count == 0 && !ParameterCount.Fits(this))
        {
            faults.Add("The sizes make more parameters than 64 bits can count.");
        }

        Rotary.CollectFaults(faults, RotatedHeadSize);
        Experts?.CollectFaults(faults);
        return faults;
    }

    /// <summary>Adds a fault unless the value is at least one.</summary>
    internal static void RequirePositive(List<string> faults, string name, int value)
    {
        if (value < 1)
        {
            faults.Add($"{name} must be at least 1, got {value}.");
        }
    }

    private void CollectLatentFaults(List<string> faults)
    {
        if (Latent is null)
        {
            return;
        }

        Latent.CollectFaults(faults);
        if (HeadSize != Latent.UnrotatedSize + Latent.RotatedSize || KeyValueHeadCount != HeadCount)
        {
            faults.Add($"HeadSize ({HeadSize}) must be Latent.UnrotatedSize + Latent.RotatedSize "
                + $"({Latent.UnrotatedSize} + {Latent.RotatedSize}), and KeyValueHeadCount ({KeyValueHeadCount}) equal HeadCount ({HeadCount}).");
        }

        if (QueryKeyNorm != QueryKeyNorm.None || ClipQueryKeyValue is not null || HasAttentionSinks || AttentionSoftCap is not null
            || AttentionBlockLength is not null || UnrotatedLayers.Count > 0)
        {
            faults.Add("QueryKeyNorm, ClipQueryKeyValue, HasAttentionSinks, AttentionSoftCap, AttentionBlockLength and UnrotatedLayers do not "
                + "go with Latent, which has norms of its own. Leave them out.");
        }
    }

    private static void RequireAboveZero(List<string> faults, string name, float value)
    {
        if (!float.IsFinite(value) || value <= 0)
        {
            faults.Add($"{name} must be greater than 0, got {value}.");
        }
    }

    private void RequireLayers(List<string> faults, string name, NumberList layers)
    {
        foreach (int layer in layers)
        {
            if ((uint)layer >= (uint)Math.Max(LayerCount, 0))
            {
                faults.Add($"{name} names layer {layer}. Layers are 0 to {LayerCount - 1}.");
            }
        }
    }
}
