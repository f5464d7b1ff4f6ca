using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Layers;

/// <summary>Causal self-attention with grouped key-value heads and rotary positions.</summary>
/// <remarks>
/// <para>Shapes: <c>x [T, D]</c> → queries <c>[T, H·d]</c>, keys and values <c>[T, G·d]</c> → <c>[T, H·d]</c> → <c>[T, D]</c>.</para>
/// <para>Order: project (with bias), normalise queries and keys, clamp all three, rotate queries and keys (or normalise them only now),
/// attend, project back. Layers that do not rotate may multiply queries by a temperature instead. With caches, keys are stored rotated. Rows of different sequences never meet.</para>
/// <para>Source: Ainslie et al. 2023, arXiv:2305.13245 (grouped heads); norms as in Qwen3 and OLMoE (arXiv:2409.02060); clamp as in
/// DBRX and OLMoE.</para>
/// </remarks>
public sealed class Attention : IAttention
{
    private readonly AttentionConfig _config;
    private readonly AttentionOptions _options;
    private readonly RopeTable _rope;
    private readonly RmsNorm? _queryNorm;
    private readonly RmsNorm? _keyNorm;
    private readonly Tensor? _ones;

    /// <summary>Creates the layer with undefined matrices.</summary>
    /// <param name="name">Path in the model.</param>
    /// <param name="config">Its facts.</param>
    /// <param name="rope">Rotation, shared by all layers.</param>
    public Attention(string name, AttentionConfig config, RopeTable rope)
    {
        _config = config;
        _rope = rope;
        Sinks = config.HasSinks ? new Parameter(name + ".sinks", Tensor.Zeros(new TensorShape(config.HeadCount))) : null;
        _options = new AttentionOptions
        {
            HeadCount = config.HeadCount,
            KeyValueHeadCount = config.KeyValueHeadCount,
            HeadSize = config.HeadSize,
            SlidingWindow = config.SlidingWindow,
            BlockLength = config.BlockLength,
            SoftCap = config.SoftCap,
            Sinks = Sinks?.Value,
            Scale = config.Scale ?? (1f / MathF.Sqrt(config.HeadSize)),
        };
        int queries = config.HeadCount * config.HeadSize;
        int keys = config.KeyValueHeadCount * config.HeadSize;
        bool hasBias = config.HasQueryKeyValueBias;
        Query = new Linear(name + ".query", config.HiddenSize, queries, hasBias);
        Key = new Linear(name + ".key", config.HiddenSize, keys, hasBias);
        Value = new Linear(name + ".value", config.HiddenSize, keys, hasBias);
        Output = new Linear(name + ".output", queries, config.HiddenSize, config.HasOutputBias);
        if (config.QueryKeyNorm == QueryKeyNorm.UnweightedAfterRotation)
        {
            _ones = Tensor.Zeros(new TensorShape(config.HeadSize)); // the op takes from the weight what a head is
            _ones.Fill(1);
        }
        else if (config.QueryKeyNorm != QueryKeyNorm.None)
        {
            bool isPerHead = config.QueryKeyNorm is QueryKeyNorm.PerHead or QueryKeyNorm.PerHeadAfterRotation;
            _queryNorm = new RmsNorm(name + ".query_norm", isPerHead ? config.HeadSize : queries, config.NormEpsilon);
            _keyNorm = new RmsNorm(name + ".key_norm", isPerHead ? config.HeadSize : keys, config.NormEpsilon);
        }
    }

    /// <summary>Makes queries, <c>[H·d, D]</c>.</summary>
    public Linear Query { get; }

    /// <summary>Makes keys, <c>[G·d, D]</c>.</summary>
    public Linear Key { get; }

    /// <summary>Makes values, <c>[G·d, D]</c>.</summary>
    public Linear Value { get; }

    /// <summary>The way back, <c>[D, H·d]</c>.</summary>
    public Linear Output { get; }

    /// <summary>One logit a head that takes part in the softmax, <c>[H]</c>; null for none.</summary>
    public Parameter? Sinks { get; }

    /// <inheritdoc/>
    public IEnumerable<Parameter> Parameters =>
    [
        .. Query.Parameters, .. Key.Parameters, .. Value.Parameters, .. Output.Parameters,
        .. _queryNorm?.Parameters ?? [], .. _keyNorm?.Parameters ?? [],
        .. Sinks is null ? Array.Empty<Parameter>() : [Sinks],
    ];

    /// <inheritdoc/>
    public Tensor Forward(Tensor x, SequenceLayout layout, ReadOnlySpan<KeyValueCache> caches, int layer)
    {
        Tensor query = Query.Forward(x); // [T, H·d]
        Tensor key = Key.Forward(x); // [T, G·d]
        Tensor value = Value.Forward(x); // [T, G·d]
        bool normsLate = _config.QueryKeyNorm == QueryKeyNorm.PerHeadAfterRotation;
        if (_queryNorm is not null && !normsLate)
        {
            query = _queryNorm.Forward(query);
            key = _keyNorm!.Forward(key);
        }

        if (_config.ClipQueryKeyValue is { } clip)
        {
            query = ClampOp.Apply(query, -clip, clip);
            key = ClampOp.Apply(key, -clip, clip);
            value = ClampOp.Apply(value, -clip, clip);
        }

        if (_config.IsRotated)
        {
            query = RopeOp.Apply(query, layout, _rope, _config.HeadSize);
            key = RopeOp.Apply(key, layout, _rope, _config.HeadSize);
            if (_ones is not null)
            {
                query = RmsNormOp.Apply(query, _ones, _config.NormEpsilon);
                key = RmsNormOp.Apply(key, _ones, _config.NormEpsilon);
            }
        }

        if (_config.Temperature is { } temperature)
        {
            query = Grow(query, layout.Positions, temperature);
        }

        if (_queryNorm is not null && normsLate)
        {
            query = _queryNorm.Forward(query);
            key = _keyNorm!.Forward(key);
        }

        Tensor attended = caches.IsEmpty
            ? AttentionOp.Apply(query, key, value, layout, _options)
            : AttentionOp.ApplyCached(query, key, value, layout, caches, layer, _options); // [T, H·d]
        return Output.Forward(attended);
    }

    private static Tensor Grow(Tensor query, Indices positions, QueryTemperature temperature)
    {
        Tensor factors = query.Scope!.New(new TensorShape(query.Rows));
        for (int row = 0; row < query.Rows; row++)
        {
            factors.Span[row] = temperature.At(positions[row]);
        }

        return RowScaleOp.Apply(query, factors);
    }
}
