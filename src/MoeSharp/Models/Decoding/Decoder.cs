using MoeSharp.Experts;
using MoeSharp.Experts.Balancing;
using MoeSharp.Layers;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;
using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Models.Decoding;

/// <summary>A causal language model: embedding → blocks → norm → head. The same code trains and generates.</summary>
/// <remarks>
/// <para>Shapes: <c>ids [T]</c> → logits <c>[T, V]</c>. T is flat: sequences follow one another, and <see cref="SequenceLayout"/> says
/// which rows belong together.</para>
/// <para>Whether gradients are recorded is the scope's choice, whether a past is remembered that of the caches. Evaluation is safe
/// for concurrent use with a scope for each thread.</para>
/// <para>Promise: a row's result has the same bits alone or in a batch, at once or token by token with a cache of the same type, at
/// any thread count, as long as no router depends on the batch.</para>
/// </remarks>
public sealed class Decoder
{
    private readonly List<Parameter> _parameters = [];
    private readonly Dictionary<string, Parameter> _byName;
    private Dictionary<string, Tensor>? _state;
    private const double MostOfMemory = 0.8; // a larger model stays in its file, whose pages may come and go
    private MappedFile[] _files = [];
    private readonly RopeTable _rope;

    /// <summary>Builds the model with undefined matrices, for loading.</summary>
    /// <param name="config">Its facts.</param>
    /// <param name="parts">Parts that the configuration does not say; null for the published ones.</param>
    /// <exception cref="ConfigException">The configuration has faults, or a router looks at later tokens.</exception>
    public Decoder(DecoderConfig config, DecoderParts? parts = null)
    {
        Config = config.Validate();
        parts ??= new DecoderParts();
        Balance = parts.Balance ?? Experts.Balancing.Balance.HuggingFace(config.Experts?.BalanceCoefficient ?? 0);
        _rope = Rotary.CreateTable(config.Rotary, config.RotatedHeadSize, config.PositionCount);
        Embedding = new Embedding("embedding", config.VocabularySize, config.HiddenSize);
        var blocks = new DecoderBlock[config.LayerCount];
        for (int layer = 0; layer < blocks.Length; layer++)
        {
            blocks[layer] = new DecoderBlock(config, layer, _rope, Balance, parts);
        }

        Blocks = blocks;
        Norm = CreateNorm("norm", config);
        Head = config.IsTied ? null : new Linear("head", config.HiddenSize, config.VocabularySize, config.HasHeadBias);
        HeadBias = config is { IsTied: true, HasHeadBias: true }
            ? new Parameter("head.bias", Tensor.Zeros(new TensorShape(config.VocabularySize)))
            : Head?.Bias;
        _parameters.AddRange(Embedding.Parameters);
        _parameters.AddRange(blocks.SelectMany(block => block.Parameters));
        _parameters.AddRange(Norm.Parameters);
        _parameters.AddRange(Head?.Parameters ?? (HeadBias is null ? [] : [HeadBias]));
        _byName = _parameters.ToDictionary(parameter => parameter.Name, StringComparer.Ordinal);
    }

    /// <summary>The facts.</summary>
    public DecoderConfig Config { get; }

    /// <summary>The balance rule that all layers measure for, reduced once by whoever trains.</summary>
    public Balance Balance { get; }

    /// <summary>The table of token rows; the head too, when tied.</summary>
    public Embedding Embedding { get; }

    /// <summary>The blocks, first to last.</summary>
    public IReadOnlyList<DecoderBlock> Blocks { get; }

    /// <summary>The norm before the head.</summary>
    public INorm Norm { get; }

    /// <summary>The head; null when tied.</summary>
    public Linear? Head { get; }

    /// <summary>The bias of the head, also where it is tied; null when there is none.</summary>
    public Parameter? HeadBias { get; }

    /// <summary>All trainable parameters, in order of use; names are unique.</summary>
    public IReadOnlyList<Parameter> Parameters => _parameters;

    /// <summary>Everything a checkpoint holds by name: the float32 values of <see cref="Parameters"/>, and expert biases, which no optimiser touches.</summary>
    /// <exception cref="InvalidOperationException">A weight is packed.</exception>
    public IReadOnlyDictionary<string, Tensor> State => _state ??= CollectState();

    /// <summary>The Mixture-of-Experts layers, first to last.</summary>
    public IEnumerable<MoeLayer> ExpertLayers => Blocks.Where(block => block.Experts is not null).Select(block => block.Experts!);

    /// <summary>The most experts that a router chooses for a token; 0 for a dense model.</summary>
    public int ChosenExpertCount => ExpertLayers.Select(layer => layer.Router.Select.Width(layer.Experts.Count)).DefaultIfEmpty(0).Max();

    /// <summary>True where a router's choice for a token depends on other tokens of the batch.</summary>
    public bool DependsOnBatch => ExpertLayers.Any(layer => layer.Router.DependsOnBatch);

    /// <summary>The most tokens of a text whose rotation is that of short texts; null where all texts rotate alike. A text that grows
    /// beyond must be read again, since keys in its cache are rotated otherwise.</summary>
    public int? LongRotationAfter => _rope.Long is null ? null : _rope.LongAfter;

    /// <summary>A model with fresh weights: matrices from a normal distribution, norms 1, biases 0.</summary>
    /// <param name="config">Its facts.</param>
    /// <param name="seed">The same seed gives the same weights.</param>
    /// <param name="parts">As in the constructor.</param>
    public static Decoder Create(DecoderConfig config, ulong seed, DecoderParts? parts = null)
    {
        var decoder = new Decoder(config, parts);
        for (int i = 0; i < decoder._parameters.Count; i++)
        {
            Tensor value = decoder._parameters[i].Value;
            if (value.Shape.Rank >= 2 && !decoder._parameters[i].Name.EndsWith("_bias", StringComparison.Ordinal))
            {
                var rng = new Rng(seed, stream: (ulong)i + 1);
                for (long row = 0; row < value.Shape.Rows; row++)
                {
                    rng.FillNormal(value.Row(row), config.InitializerRange);
                }
            }
        }

        return decoder;
    }

    /// <summary>Puts stored weights into the order in which products read them (<see cref="PackedWeight.Repack"/>), one after another.</summary>
    /// <remarks>Results stay the same in every bit. A table that is only looked up stays as it is. Not for use while others run the model.</remarks>
    /// <param name="workers">Threads.</param>
    /// <param name="cancellation">Ends between weights; those that are done stay done.</param>
    /// <returns>Bytes that were moved; 0 also where they would not fit into the memory of this machine.</returns>
    /// <exception cref="IOException">A file with weights has shrunk since it was mapped.</exception>
    public long Repack(Workers workers, CancellationToken cancellation = default)
    {
        using Touch files = TouchFiles();
        List<PackedWeight> weights = [.. _parameters
            .Where(parameter => parameter.Packed is not null && (parameter != Embedding.Weight || Head is null)).Select(parameter => parameter.Packed!)];
        long mapped = weights.Where(weight => weight.IsMapped).Sum(weight => weight.ByteLength), done = 0;
        if (mapped > GC.GetGCMemoryInfo().TotalAvailableMemoryBytes * MostOfMemory)
        {
            return 0;
        }

        foreach (PackedWeight weight in weights)
        {
            cancellation.ThrowIfCancellationRequested();
            done += weight.Repack(workers) ? weight.ByteLength : 0;
        }

        return done;
    }

    /// <summary>A cache for one sequence.</summary>
    /// <param name="capacity">Positions to reserve room for; it grows when more come.</param>
    /// <param name="type">F32, BF16, or Q80 where heads (of latent attention: the latent and its rotated part) are multiples of 32.</param>
    public KeyValueCache CreateCache(int capacity, DType type = DType.F32)
    {
        _rope.Reserve(Math.Clamp(capacity, 1, Config.PositionCount) - 1); // so that no step has to make room for angles
        return Config.Latent is { } latent
            ? new(
                Config.LayerCount, 1, latent.KeyValueRank + latent.RotatedSize, latent.KeyValueRank, capacity, type, sharesValues: true)
            : new(Config.LayerCount, Config.KeyValueHeadCount, Config.HeadSize, Config.HeadSize, capacity, type);
    }

    /// <summary>Runs the model.</summary>
    /// <param name="scope">Where intermediates live, and whether gradients are recorded.</param>
    /// <param name="ids">Token ids <c>[T]</c>, each in [0, V).</param>
    /// <param name="layout">Which rows belong together, and their positions.</param>
    /// <param name="options">How to run; null for evaluation without balance terms.</param>
    /// <param name="caches">One cache a sequence, extended by this call; empty for none.</param>
    /// <exception cref="ArgumentException">An id is no token of the model, or counts differ.</exception>
    /// <exception cref="InvalidOperationException">A position is past the model's longest.</exception>
    /// <exception cref="IOException">A file with weights has shrunk since it was mapped.</exception>
    public DecoderOutput Forward(
        TensorScope scope,
        Indices ids,
        SequenceLayout layout,
        ForwardOptions? options = null,
        ReadOnlySpan<KeyValueCache> caches = default)
    {
        options ??= ForwardOptions.Evaluation;
        Check(ids.Span, layout);
        using Touch files = TouchFiles();
        List<MoeOutput>? outputs = options.Routing.MeasuresBalance && Config.Experts is not null ? new(Blocks.Count) : null;

        Tensor x = Embedding.Forward(scope, ids); // [T, D]
        if (Config.EmbeddingScale != 1)
        {
            x = ScaleOp.Apply(x, Config.EmbeddingScale);
        }

        options.Observer?.Observe(0, x);
        for (int layer = 0; layer < Blocks.Count; layer++)
        {
            x = Blocks[layer].Forward(x, layout, caches, options.Routing, outputs);
            if (layer < Blocks.Count - 1)
            {
                options.Observer?.Observe(layer + 1, x);
            }
        }

        x = Norm.Forward(x);
        options.Observer?.Observe(Blocks.Count, x);
        Tensor? logits = options.SkipsLogits ? null : Logits(options.LogitRows is { } rows ? GatherRowsOp.Apply(x, rows) : x);
        return new DecoderOutput(logits, x, (IReadOnlyList<MoeOutput>?)outputs ?? []);
    }

    /// <summary>Logits of hidden rows that went through the final norm.</summary>
    /// <param name="hidden">Rows <c>[T, D]</c>.</param>
    /// <exception cref="IOException">A file with weights has shrunk since it was mapped.</exception>
    public Tensor Logits(Tensor hidden)
    {
        using Touch files = TouchFiles();
        Tensor logits = Head is null ? LinearOp.Apply(hidden, Embedding.Weight, HeadBias?.Value) : Head.Forward(hidden);
        return Config.LogitScale == 1 ? logits : ScaleOp.Apply(logits, Config.LogitScale);
    }

    /// <summary>The norm that the configuration names.</summary>
    internal static INorm CreateNorm(string name, DecoderConfig config) => config.Norm == NormKind.Rms
        ? new RmsNorm(name, config.HiddenSize, config.NormEpsilon)
        : new LayerNorm(name, config.HiddenSize, config.NormEpsilon, config.Norm == NormKind.LayerWithBias);

    /// <summary>Remembers the files that packed weights lie in, to see before each step that they are still whole.</summary>
    internal void Use(IEnumerable<MappedFile> files) => _files = [.. files];

    /// <summary>Begins to touch weights that lie in files; ends when it is disposed.</summary>
    /// <exception cref="IOException">A file with weights has shrunk since it was mapped.</exception>
    internal Touch TouchFiles() => new(_files);

    /// <summary>The parameter of a name; null when it is no parameter.</summary>
    internal Parameter? FindParameter(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The expert biases, which are no parameters, by name.</summary>
    internal IEnumerable<(string Name, Tensor Value)> ExpertBiases()
    {
        for (int layer = 0; layer < Blocks.Count; layer++)
        {
            if (Blocks[layer].Experts?.Router.Bias is { } bias)
            {
                yield return ($"layers.{layer}.router.expert_bias", bias.Value);
            }
        }
    }

    private Dictionary<string, Tensor> CollectState()
    {
        Dictionary<string, Tensor> state = _parameters.ToDictionary(
            parameter => parameter.Name, parameter => parameter.Value, StringComparer.Ordinal);
        foreach ((string name, Tensor value) in ExpertBiases())
        {
            state.Add(name, value);
        }

        return state;
    }

    private void Check(ReadOnlySpan<int> ids, SequenceLayout layout)
    {
        if (ids.Length != layout.RowCount)
        {
            throw new ArgumentException(
                $"decoder: got {ids.Length} token ids and a layout of {layout}. There must be one id for each row.", nameof(ids));
        }

        foreach (int id in ids)
        {
            if ((uint)id >= (uint)Config.VocabularySize)
            {
                throw new ArgumentException(
                    $"decoder: token id {id} is not in the vocabulary. Ids are 0 to {Config.VocabularySize - 1}.", nameof(ids));
            }
        }

        for (int sequence = 0; sequence < layout.SequenceCount; sequence++)
        {
            if (layout.KeyCountOf(sequence) > Config.PositionCount)
            {
                throw new InvalidOperationException(
                    $"decoder: sequence {sequence} needs {layout.KeyCountOf(sequence)} positions, and the model has "
                    + $"{Config.PositionCount}. Use a shorter text.");
            }
        }
    }
}
