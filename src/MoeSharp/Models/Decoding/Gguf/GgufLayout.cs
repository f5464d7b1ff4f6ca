using MoeSharp.Formats.Gguf;
using MoeSharp.Layers;
using MoeSharp.Models.Decoding.Families;

namespace MoeSharp.Models.Decoding.Gguf;

/// <summary>A GGUF architecture: how its metadata and tensors say a <see cref="DecoderConfig"/>, and what it calls our parameters.</summary>
/// <remarks>
/// <para>The base knows what all architectures share; one of them overrides what it does otherwise. Where keys are missing, the
/// architecture knows: see the properties. Files of older and of stranger tools are accepted where they mean the same.</para>
/// <para>Facts that llama.cpp has no key for but that our models may have are written under keys of the usual style, which it passes
/// over: <c>attention.sliding_window</c>, <c>attention.clamp_kqv</c>, <c>expert_weights_norm</c> where an architecture has none of its own.</para>
/// <para>Source: llama.cpp, <c>gguf-py/gguf/constants.py</c>, <c>conversion/</c>, <c>src/models/</c>.</para>
/// </remarks>
public abstract partial class GgufLayout
{
    private const string WindowPatternKey = "attention.sliding_window_pattern";

    /// <summary>The value of <c>general.architecture</c>, which keys begin with.</summary>
    public abstract string Architecture { get; }

    /// <summary>The <c>model_type</c>s of the families whose models come in this layout, the likeliest first.</summary>
    internal abstract IReadOnlyList<string> ModelTypes { get; }

    /// <summary>True when rows of queries and keys are stored interleaved although the model's are not.</summary>
    internal virtual bool IsPermuted => false;

    /// <summary>True when rotation turns neighbouring columns.</summary>
    internal virtual bool IsInterleaved => false;

    /// <summary>What norms of queries and keys mean, where they are there.</summary>
    internal virtual QueryKeyNorm QueryKeyNorm => QueryKeyNorm.PerHead;

    /// <summary>The norm before the feed-forward network.</summary>
    internal virtual string FeedForwardNormName => "ffn_norm";

    /// <summary>True when weights are normalised where no key says so.</summary>
    internal virtual bool NormalizesWeights => true;

    /// <summary>How logits become scores where no key says so.</summary>
    internal virtual ScoreKind Score => ScoreKind.Softmax;

    /// <summary>Which normalisation.</summary>
    internal virtual NormKind Norm => NormKind.Rms;

    /// <summary>The key of ε under which files of this architecture are written; both are read.</summary>
    internal virtual string EpsilonKey => "attention.layer_norm_rms_epsilon";

    /// <summary>True when queries, keys and values are projected by one matrix in the file.</summary>
    internal virtual bool FusesAttention => false;

    /// <summary>True for a layer that sees everything although there is a window, where no key says which.</summary>
    internal virtual bool SeesEverything(int layer) => false;

    /// <summary>True when <c>feed_forward_length</c> is the width of an expert, not of a dense layer.</summary>
    internal virtual bool SharesWidthKey => false;

    /// <summary>Reads the facts of an open file.</summary>
    /// <exception cref="Formats.ModelFormatException">A key is missing or of another kind.</exception>
    /// <exception cref="ConfigException">The facts do not make a model.</exception>
    public DecoderConfig Read(GgufFile file)
    {
        DecoderConfig config = Read(new GgufFacts(
            file.Values, Architecture, name => file.TryFind(name, out Formats.StoredTensor? tensor) ? tensor.Shape : null,
            file.Tensors.Count, file.ReadFloat32));
        ConfigException.ThrowIfAny(Path.GetFileName(file.Path), config.Faults());
        return config;
    }

    /// <summary>Adds the facts of a model to metadata, architecture included.</summary>
    /// <param name="config">A configuration that this layout can say.</param>
    /// <param name="metadata">Where to add.</param>
    public void Write(DecoderConfig config, GgufMetadata metadata)
    {
        metadata.Set(GgufMetadata.ArchitectureKey, GgufValue.Of(Architecture));
        Write(config, (name, value) => metadata.Set($"{Architecture}.{name}", value));
        SetToken(metadata, "tokenizer.ggml.bos_token_id", config.BeginToken);
        SetToken(metadata, "tokenizer.ggml.eos_token_id", config.EndTokens.Count > 0 ? config.EndTokens[0] : null);
        SetToken(metadata, "tokenizer.ggml.eot_token_id", config.EndTokens.Count > 1 ? config.EndTokens[1] : null);
        SetToken(metadata, "tokenizer.ggml.padding_token_id", config.PaddingToken);
    }

    /// <summary>The tensors of a model, bound to our parameters.</summary>
    /// <param name="config">The model.</param>
    /// <param name="shapeOf">Shape of a tensor of the file to load; null for the way this layout is written.</param>
    public WeightMap Map(DecoderConfig config, Func<string, IReadOnlyList<long>?>? shapeOf = null)
    {
        var map = new WeightMap();
        Bind(new GgufBinding(config, map, shapeOf ?? (_ => null), isWritten: shapeOf is null));
        return map;
    }

    /// <summary>Tensors that are no weights but facts: the divisors of frequencies, where rotation has them.</summary>
    /// <param name="config">A configuration that this layout can say.</param>
    internal static IReadOnlyList<(string Name, float[] Values)> ConstantsOf(DecoderConfig config) => GgufDivisors.TensorsOf(config);

    /// <summary>True when writing a configuration in this layout and reading it back gives the same configuration.</summary>
    public bool CanSay(DecoderConfig config)
    {
        var metadata = new GgufMetadata();
        Write(config, metadata);
        var shapes = Map(config).Bindings.ToDictionary(binding => binding.Tensor, binding => (IReadOnlyList<long>)binding.Shape.ToArray(), StringComparer.Ordinal);
        var constants = ConstantsOf(config).ToDictionary(tensor => tensor.Name, tensor => tensor.Values, StringComparer.Ordinal);
        foreach ((string name, float[] values) in constants)
        {
            shapes.Add(name, [values.Length]);
        }

        try
        {
            return Essence(Read(new GgufFacts(metadata, Architecture, name => shapes.GetValueOrDefault(name), shapes.Count, name => constants[name]))) == Essence(config);
        }
        catch (Formats.ModelFormatException)
        {
            return false;
        }
    }

    /// <summary>Reads the facts.</summary>
    internal virtual DecoderConfig Read(GgufFacts facts)
    {
        int layers = LayerCount(facts), hidden = facts.Int("embedding_length"), heads = facts.Int("attention.head_count");
        (int headSize, int keyValueHeads, LatentSizes? latent) = ReadHeads(facts, hidden, heads);
        string first = GgufBinding.Block(0);
        int[] dense = [.. Enumerable.Range(0, layers).Where(layer => !facts.HasTensor(GgufBinding.Block(layer) + "ffn_gate_inp.weight"))];
        var config = new DecoderConfig
        {
            VocabularySize = facts.Size("token_embd.weight", 1) ?? facts.Int("vocab_size"),
            HiddenSize = hidden,
            LayerCount = layers,
            HeadCount = heads,
            KeyValueHeadCount = keyValueHeads,
            HeadSize = headSize,
            Latent = latent,
            PositionCount = facts.OptionalInt("context_length") ?? 2048,
            Norm = Norm,
            NormEpsilon = (float)(facts.OptionalNumber("attention.layer_norm_rms_epsilon") ?? facts.Number("attention.layer_norm_epsilon")),
            Rotary = GgufRotary.Read(facts, latent?.RotatedSize ?? headSize, IsInterleaved),
            QueryKeyNorm = facts.HasTensor(first + "attn_q_norm.weight") ? QueryKeyNorm : QueryKeyNorm.None,
            HasQueryKeyValueBias = facts.HasTensor(first + "attn_q.bias") || facts.HasTensor(first + "attn_qkv.bias"),
            HasOutputBias = facts.HasTensor(first + "attn_output.bias"),
            HasHeadBias = facts.HasTensor("output.bias"),
            IsTied = !facts.HasTensor("output.weight"),
            ClipQueryKeyValue = facts.OptionalNumber("attention.clamp_kqv") is > 0 and var clip ? (float)clip : null,
            BeginToken = facts.Metadata.GetOptionalInt("tokenizer.ggml.bos_token_id"),
            EndTokens = EndTokens(facts.Metadata),
            PaddingToken = facts.Metadata.GetOptionalInt("tokenizer.ggml.padding_token_id"),
        };
        config = WithWindow(config, facts);
        if (dense.Length < layers)
        {
            int sparse = Enumerable.Range(0, layers).Except(dense).First();
            config = config with { Experts = ReadExperts(facts, GgufBinding.Block(sparse)), DenseLayers = NumberList.Create(dense) };
        }

        return dense.Length > 0 || !SharesWidthKey
            ? config with
            {
                IntermediateSize = dense.Length > 0
                    ? facts.Size(GgufBinding.Block(dense[0]) + "ffn_up.weight", 1) ?? facts.Int("feed_forward_length")
                    : facts.OptionalInt("feed_forward_length") ?? 0,
                HasFeedForwardBias = dense.Length > 0 && facts.HasTensor(GgufBinding.Block(dense[0]) + "ffn_up.bias"),
            }
            : config;
    }

    /// <summary>Reads the size of a head, the number of key-value heads, and the sizes of latent attention where it is.</summary>
    internal virtual (int HeadSize, int KeyValueHeadCount, LatentSizes? Latent) ReadHeads(GgufFacts facts, int hidden, int heads)
    {
        int headSize = facts.OptionalInt("attention.key_length") ?? (heads > 0 ? hidden / heads : 0);
        if (facts.OptionalInt("attention.value_length") is { } valueSize && valueSize != headSize)
        {
            throw facts.Fault("attention.value_length", $"is {valueSize}, other than the size of keys ({headSize}), which {Architecture} has not.");
        }

        return (headSize, facts.OptionalInt("attention.head_count_kv") ?? heads, null);
    }

    /// <summary>Reads the facts of the experts.</summary>
    internal virtual ExpertsConfig ReadExperts(GgufFacts facts, string block)
    {
        return new ExpertsConfig
        {
            ExpertCount = facts.Int("expert_count"),
            TopK = facts.Int("expert_used_count"),
            IntermediateSize = facts.Size(block + "ffn_down_exps.weight", 0) ?? facts.Size(block + "ffn_down.0.weight", 0)
                ?? facts.OptionalInt("expert_feed_forward_length") ?? facts.Int("feed_forward_length"),
            Score = ReadScore(facts),
            NormalizeWeights = facts.OptionalFlag("expert_weights_norm") ?? NormalizesWeights,
            WeightScale = facts.OptionalNumber("expert_weights_scale") is { } scale and not 0 ? (float)scale : 1,
            GroupCount = Math.Max(1, facts.OptionalInt("expert_group_count") ?? 1),
            KeptGroupCount = Math.Max(1, facts.OptionalInt("expert_group_used_count") ?? 1),
            HasExpertBias = facts.HasTensor(block + "exp_probs_b.bias"),
            SharedIntermediateSize = facts.Size(block + "ffn_down_shexp.weight", 0) ?? 0,
            IsSharedGated = facts.HasTensor(block + "ffn_gate_inp_shexp.weight"),
            HasSharedBias = facts.HasTensor(block + "ffn_up_shexp.bias"),
        };
    }

    private ScoreKind ReadScore(GgufFacts facts) => facts.OptionalInt("expert_gating_func") switch
    {
        null or 0 => Score,
        1 => ScoreKind.Softmax,
        2 => ScoreKind.Sigmoid,
        3 => ScoreKind.SoftmaxOfChosen,
        var other => throw facts.Fault("expert_gating_func", $"is {other}, which is not supported. Supported are 1 (softmax), 2 (sigmoid), 3 (softmax over the chosen)."),
    };

    // Layers that predict further tokens in training are counted by the key, and left alone.
    private static int LayerCount(GgufFacts facts)
    {
        int count = facts.Int("block_count") - (facts.OptionalInt("nextn_predict_layers") ?? 0);
        return count >= 1 && count <= facts.TensorCount
            ? count
            : throw facts.Fault("block_count", $"says {count} blocks, with {facts.TensorCount} tensors in the file.");
    }

    private DecoderConfig WithWindow(DecoderConfig config, GgufFacts facts)
    {
        int window = facts.OptionalInt("attention.sliding_window") ?? 0;
        if (window < 1)
        {
            return config;
        }

        bool[]? pattern = facts.Has(WindowPatternKey) ? facts.OptionalFlags(WindowPatternKey) : null;
        if (pattern is not null && pattern.Length < config.LayerCount)
        {
            throw facts.Fault(WindowPatternKey, $"has {pattern.Length} flags, one a layer is wanted: {config.LayerCount}.");
        }

        return config with
        {
            SlidingWindow = window,
            FullAttentionLayers = NumberList.Create(
                [.. Enumerable.Range(0, config.LayerCount).Where(layer => pattern is null ? SeesEverything(layer) : !pattern[layer])]),
        };
    }

    private static NumberList EndTokens(GgufMetadata metadata)
    {
        int?[] tokens = [metadata.GetOptionalInt("tokenizer.ggml.eos_token_id"), metadata.GetOptionalInt("tokenizer.ggml.eot_token_id")];
        return NumberList.Create([.. tokens.OfType<int>().Distinct()]);
    }
}
