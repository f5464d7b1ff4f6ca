using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Layers;

/// <summary>Multi-head latent attention: keys and values of all heads come from one small latent a token, and only that is remembered.</summary>
/// <remarks>
/// <para>Shapes: <c>x [T, D]</c> → <c>[T, D]</c>. Queries <c>[T, H·(n + r)]</c>, straight or through a normed bottleneck; latent
/// <c>[T, c]</c>, normed; one rotated key part <c>[T, r]</c> for all heads.</para>
/// <para>Formula, of head h: key <c>[K_h·latent | rotated key]</c> with <c>K_h [n, c]</c>, value <c>V_h·latent</c>; scores over
/// <c>n + r</c> columns times the scale, softmax, values, back to D.</para>
/// <para>Two ways that give the same but for rounding. While gradients are recorded keys and values are <b>expanded</b>. In evaluation
/// always <b>absorbed</b>: <c>q·(K·latent) = (q·K)·latent</c>, so a query of <c>c + r</c> columns meets the latent itself, one key-value
/// head for all, and <c>V_h</c> is applied to the weighted latent. The cache holds <c>c + r</c> numbers a token; values are the first c
/// of them. One way for prompts and for single tokens keeps the promise of equal bits however a prompt is cut.</para>
/// <para>Parameters lie as GGUF files have them: <c>key_up [H, c, n]</c>, <c>value_up [H, v, c]</c>.</para>
/// <para>Source: DeepSeek-V2, arXiv:2405.04434.</para>
/// </remarks>
public sealed class LatentAttention : IAttention
{
    private readonly LatentSizes _sizes;
    private readonly int _heads;
    private readonly AttentionOptions _expanded;
    private readonly AttentionOptions _absorbed;
    private readonly RopeTable _rope;

    /// <summary>Creates the layer with undefined matrices.</summary>
    /// <param name="name">Path in the model.</param>
    /// <param name="config">Its facts; those of the latent must be there.</param>
    /// <param name="rope">Rotation, shared by all layers.</param>
    public LatentAttention(string name, AttentionConfig config, RopeTable rope)
    {
        _sizes = config.Latent ?? throw new ArgumentException("latent attention: the configuration has no latent sizes. Use Attention.", nameof(config));
        _heads = config.HeadCount;
        _rope = rope;
        int size = _sizes.UnrotatedSize + _sizes.RotatedSize, rank = _sizes.KeyValueRank;
        float scale = config.Scale ?? (1f / MathF.Sqrt(size));
        _expanded = new AttentionOptions
        {
            HeadCount = _heads,
            HeadSize = size,
            ValueHeadSize = _sizes.ValueSize,
            Scale = scale,
            SlidingWindow = config.SlidingWindow,
        };
        _absorbed = new AttentionOptions
        {
            HeadCount = _heads,
            KeyValueHeadCount = 1,
            HeadSize = rank + _sizes.RotatedSize,
            ValueHeadSize = rank,
            Scale = scale,
            SlidingWindow = config.SlidingWindow,
        };
        if (_sizes.QueryRank is { } queryRank)
        {
            QueryDown = new Linear(name + ".query_down", config.HiddenSize, queryRank, config.HasQueryKeyValueBias);
            QueryNorm = new RmsNorm(name + ".query_norm", queryRank, _sizes.NormEpsilon);
        }

        Query = new Linear(name + ".query", _sizes.QueryRank ?? config.HiddenSize, _heads * size);
        LatentDown = new Linear(name + ".latent_down", config.HiddenSize, rank + _sizes.RotatedSize, config.HasQueryKeyValueBias);
        LatentNorm = new RmsNorm(name + ".latent_norm", rank, _sizes.NormEpsilon);
        KeyUp = new Parameter(name + ".key_up", new TensorShape(_heads, rank, _sizes.UnrotatedSize)) { CanPack = true };
        ValueUp = new Parameter(name + ".value_up", new TensorShape(_heads, _sizes.ValueSize, rank)) { CanPack = true };
        Output = new Linear(name + ".output", _heads * _sizes.ValueSize, config.HiddenSize, config.HasOutputBias);
    }

    /// <summary>Into the bottleneck of queries; null where they come straight.</summary>
    public Linear? QueryDown { get; }

    /// <summary>The norm in the bottleneck of queries.</summary>
    public RmsNorm? QueryNorm { get; }

    /// <summary>Makes queries, <c>[H·(n + r), …]</c>: of each head n columns that stay and r that turn.</summary>
    public Linear Query { get; }

    /// <summary>Makes the latent and the shared key part, <c>[c + r, D]</c>.</summary>
    public Linear LatentDown { get; }

    /// <summary>The norm of the latent.</summary>
    public RmsNorm LatentNorm { get; }

    /// <summary>From the latent to keys, a matrix a head <c>[H, c, n]</c>.</summary>
    public Parameter KeyUp { get; }

    /// <summary>From the latent to values, a matrix a head <c>[H, v, c]</c>.</summary>
    public Parameter ValueUp { get; }

    /// <summary>The way back, <c>[D, H·v]</c>.</summary>
    public Linear Output { get; }

    /// <inheritdoc/>
    public IEnumerable<Parameter> Parameters =>
    [
        .. QueryDown?.Parameters ?? [], .. QueryNorm?.Parameters ?? [], .. Query.Parameters, .. LatentDown.Parameters,
        .. LatentNorm.Parameters, KeyUp, ValueUp, .. Output.Parameters,
    ];

    /// <inheritdoc/>
    public Tensor Forward(Tensor x, SequenceLayout layout, ReadOnlySpan<KeyValueCache> caches, int layer)
    {
        int rank = _sizes.KeyValueRank, unrotated = _sizes.UnrotatedSize, rotated = _sizes.RotatedSize;
        Tensor query = Query.Forward(QueryDown is null ? x : QueryNorm!.Forward(QueryDown.Forward(x))); // [T, H·(n + r)]
        query = RopeOp.Apply(query, layout, _rope, unrotated + rotated, start: unrotated);
        Tensor down = LatentDown.Forward(x); // [T, c + r]
        Tensor latent = LatentNorm.Forward(SliceColumnsOp.Apply(down, 0, rank)); // [T, c]
        Tensor shared = RopeOp.Apply(SliceColumnsOp.Apply(down, rank, rotated), layout, _rope, rotated); // [T, r]
        Tensor attended = x.Scope!.Tape is { IsRecording: true }
            ? Expand(query, latent, shared, layout)
            : Absorb(query, latent, shared, layout, caches, layer); // [T, H·v]
        return Output.Forward(attended);
    }

    private Tensor Expand(Tensor query, Tensor latent, Tensor shared, SequenceLayout layout)
    {
        Tensor keys = StackedLinearOp.Apply(latent, KeyUp.Value, isAcross: true); // [T, H·n]
        keys = ConcatOp.Apply(keys, shared, _heads, shareB: true); // [T, H·(n + r)]
        Tensor values = StackedLinearOp.Apply(latent, ValueUp.Value); // [T, H·v]
        return AttentionOp.Apply(query, keys, values, layout, _expanded);
    }

    private Tensor Absorb(
        Tensor query, Tensor latent, Tensor shared, SequenceLayout layout, ReadOnlySpan<KeyValueCache> caches, int layer)
    {
        int tokens = query.Rows;
        Indices offsets = query.Scope!.NewIndices(_heads + 1);
        for (int head = 0; head <= _heads; head++)
        {
            offsets.Span[head] = head * tokens;
        }

        Tensor lifted = GroupedLinearOp.Apply(HeadRows.Split(query, _heads, 0, _sizes.UnrotatedSize), KeyUp, offsets); // [H·T, c]
        query = HeadRows.Join(lifted, _heads, query, _sizes.UnrotatedSize); // [T, H·(c + r)]
        Tensor key = ConcatOp.Apply(latent, shared); // [T, c + r]
        Tensor mixed = caches.IsEmpty
            ? AttentionOp.Apply(query, key, latent, layout, _absorbed)
            : AttentionOp.ApplyCached(query, key, latent, layout, caches, layer, _absorbed); // [T, H·c]
        Tensor values = GroupedLinearOp.Apply(HeadRows.Split(mixed, _heads, 0, _sizes.KeyValueRank), ValueUp, offsets); // [H·T, v]
        return HeadRows.Join(values, _heads); // [T, H·v]
    }
}
