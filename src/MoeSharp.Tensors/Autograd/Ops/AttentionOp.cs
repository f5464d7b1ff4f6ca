using System.Diagnostics.CodeAnalysis;
using MoeSharp.Tensors.Kernels.Attention;

namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>Softmax attention over packed sequences, with grouped heads, sliding window, sinks and soft cap.</summary>
/// <remarks>
/// <para>Shapes: <c>q [T, H·d]</c>, <c>k [T, G·d]</c>, <c>v [T, G·dv]</c> → <c>[T, H·dv]</c>.</para>
/// <para>Formula: <c>out = softmax(cap(scale·q·kᵀ))·v</c> over the keys of the row's own sequence that it sees; with a sink s per
/// head, exp(s) joins the softmax's sum. A matrix <c>[T, T]</c> never exists; what is kept for the backward pass is one number a row and head.</para>
/// <para>Promise: the bits of a row depend on its own query and the keys and values that it sees, not on other rows or
/// sequences of the call, on how a prompt is cut into calls, or on the count of threads.</para>
/// </remarks>
public sealed class AttentionOp : Operation
{
    private readonly Tensor _q;
    private readonly Tensor _k;
    private readonly Tensor _v;
    private readonly SequenceLayout _layout;
    private readonly AttentionOptions _options;

    private AttentionOp(Tensor q, Tensor k, Tensor v, SequenceLayout layout, AttentionOptions options, Tensor output, Tensor logSumExp)
        : base(output, logSumExp)
    {
        _q = q;
        _k = k;
        _v = v;
        _layout = layout;
        _options = options;
    }

    /// <summary>Attention of whole sequences: keys and values are those of this call.</summary>
    /// <exception cref="TensorShapeException">A shape does not fit the options or the layout.</exception>
    /// <exception cref="ArgumentException">An option is out of its range, or the layout has a past.</exception>
    public static Tensor Apply(Tensor q, Tensor k, Tensor v, SequenceLayout layout, AttentionOptions options)
    {
        AttentionShape shape = Check(q, k, v, layout, options);
        TensorScope scope = ScopeOf("attention", q);
        for (int s = 0; s < layout.SequenceCount; s++)
        {
            if (layout.PastOf(s) != 0)
            {
                throw new ArgumentException(
                    $"attention: sequence {s} has a past of {layout.PastOf(s)} positions. Use ApplyCached, or a layout without a past.", nameof(layout));
            }
        }

        bool records = Records(scope, q, k, v) || Records(scope, q, options.Sinks);
        Tensor output = scope.New(new TensorShape(q.Rows, (long)shape.HeadCount * shape.ValueHeadSize));
        Tensor? logSumExp = records ? scope.New(new TensorShape(q.Rows, shape.HeadCount)) : null;
        AttentionForwardRun.Fresh(scope, shape, layout, q, k, v, options.Sinks, output, logSumExp);
        return records ? Record(scope, new AttentionOp(q, k, v, layout, options, output, logSumExp!)) : output;
    }

    /// <summary>Adds the keys and values of this call to the caches, and lets the queries attend to everything in them. No gradient.</summary>
    /// <param name="q"><c>[T, H·d]</c>.</param>
    /// <param name="k"><c>[T, G·d]</c>, rotated if the model does.</param>
    /// <param name="v"><c>[T, G·dv]</c>.</param>
    /// <param name="layout">The sequences; the past of each is what its cache holds in this layer.</param>
    /// <param name="caches">One for each sequence of the layout.</param>
    /// <param name="layer">Which memory of each cache.</param>
    /// <param name="options">What the layer is.</param>
    /// <remarks>Allocates nothing on the managed heap while the caches have room.</remarks>
    /// <exception cref="TensorShapeException">A shape does not fit the options, the layout or a cache.</exception>
    /// <exception cref="ArgumentException">Counts of caches and sequences differ, or a cache holds another past than the layout says.</exception>
    public static Tensor ApplyCached(
        Tensor q, Tensor k, Tensor v, SequenceLayout layout, ReadOnlySpan<KeyValueCache> caches, int layer, AttentionOptions options)
    {
        AttentionShape shape = Check(q, k, v, layout, options);
        TensorScope scope = ScopeOf("attention", q);
        if (Records(scope, q, k, v))
        {
            throw new InvalidOperationException("attention: cached attention has no gradient. Pause the tape, or use Apply.");
        }

        if (caches.Length != layout.SequenceCount)
        {
            throw new ArgumentException(
                $"attention: got {caches.Length} caches for {layout.SequenceCount} sequences. There must be one each.", nameof(caches));
        }

        for (int s = 0; s < caches.Length; s++)
        {
            KeyValueMemory memory = caches[s][layer];
            CheckMemory(shape, layout, s, memory);
            memory.Extend(layout.LengthOf(s));
        }

        Tensor output = scope.New(new TensorShape(q.Rows, (long)shape.HeadCount * shape.ValueHeadSize));
        AttentionForwardRun.Cached(scope, shape, layout, q, k, v, caches, layer, options.Sinks, output);
        return output;
    }

    /// <inheritdoc/>
    protected internal override void Backward() =>
        AttentionBackwardRun.Run(Output.Scope!, ShapeOf(_options), _layout, _q, _k, _v, _options.Sinks, Output, OutputGradient, SecondOutput!);

    private static AttentionShape ShapeOf(AttentionOptions options) => new()
    {
        HeadCount = options.HeadCount,
        KeyValueHeadCount = options.KeyValueHeadCount,
        HeadSize = options.HeadSize,
        ValueHeadSize = options.ValueHeadSize,
        Scale = options.Scale,
        Causal = options.Causal,
        Window = options.SlidingWindow ?? int.MaxValue,
        Block = options.BlockLength ?? 0,
        SoftCap = options.SoftCap ?? 0,
    };

    private static AttentionShape Check(Tensor q, Tensor k, Tensor v, SequenceLayout layout, AttentionOptions options)
    {
        if (options.HeadCount < 1 || options.KeyValueHeadCount < 1 || options.HeadCount % options.KeyValueHeadCount != 0
            || options.HeadSize < 1 || options.ValueHeadSize < 1 || options.SlidingWindow is < 1 || options.SoftCap is <= 0
            || options.BlockLength is < 1 || (options.BlockLength is not null && !options.Causal))
        {
            BadOptions(options);
        }

        Throw.UnlessColumns("attention: q", q, (long)options.HeadCount * options.HeadSize);
        Throw.UnlessColumns("attention: k", k, (long)options.KeyValueHeadCount * options.HeadSize);
        Throw.UnlessColumns("attention: v", v, (long)options.KeyValueHeadCount * options.ValueHeadSize);
        if (q.Rows != layout.RowCount || k.Rows != layout.RowCount || v.Rows != layout.RowCount)
        {
            Throw.Shape($"attention: got {q.Rows} queries, {k.Rows} keys and {v.Rows} values. The layout has {layout.RowCount} rows.");
        }

        if (options.Sinks is { } sinks && sinks.Length != options.HeadCount)
        {
            Throw.Shape($"attention: got sinks {sinks.Shape}. There must be one for each of {options.HeadCount} heads.");
        }

        return ShapeOf(options);
    }

    private static void CheckMemory(in AttentionShape shape, SequenceLayout layout, int sequence, KeyValueMemory memory)
    {
        if (memory.KeyValueHeadCount != shape.KeyValueHeadCount || memory.HeadSize != shape.HeadSize || memory.ValueHeadSize != shape.ValueHeadSize)
        {
            Throw.Shape(
                $"attention: the cache of sequence {sequence} is {memory}. "
                + $"It must have {shape.KeyValueHeadCount} heads of {shape.HeadSize} + {shape.ValueHeadSize}.");
        }

        if (memory.Length != layout.PastOf(sequence))
        {
            throw new ArgumentException(
                $"attention: the layout gives sequence {sequence} a past of {layout.PastOf(sequence)}, its cache holds {memory.Length}. They must be equal.",
                nameof(layout));
        }
    }

    [DoesNotReturn]
    private static void BadOptions(AttentionOptions options) => throw new ArgumentException(
        $"attention: cannot have {options.HeadCount} heads over {options.KeyValueHeadCount} key heads of size {options.HeadSize} + {options.ValueHeadSize}, "
        + $"window {options.SlidingWindow}, blocks of {options.BlockLength}, soft cap {options.SoftCap}. All must be at least 1 (the cap above 0), "
        + "heads a multiple of key heads; blocks need causal attention.",
        nameof(options));
}
