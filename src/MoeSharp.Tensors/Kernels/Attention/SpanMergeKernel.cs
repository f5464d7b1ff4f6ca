using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>Joins what a row knows of two spans of keys, and makes the output of what it knows of all.</summary>
/// <remarks>
/// <para>Formula: with <c>m = max(m₁, m₂)</c>, <c>a = exp(m₁ − m)</c>, <c>b = exp(m₂ − m)</c>: <c>l = l₂·b + l₁·a</c>,
/// <c>sum = sum₂·b + sum₁·a</c>. The output is <c>sum / l</c>.</para>
/// <para>Order: spans are joined in rising order, from a state that knows nothing but the row's sink. Joining a span of which a row sees
/// nothing changes nothing, and the first span that it sees comes through as it is; so it does not matter which spans a tile looks at
/// beyond those, nor whether the states were made by one thread or by many. The same bits at every width.</para>
/// </remarks>
internal static unsafe class SpanMergeKernel
{
    /// <summary>A row that knows nothing but its sink.</summary>
    public static void Start(in AttentionShape shape, in AttentionTile tile, SpanState state)
    {
        state.Clear(shape, tile.Rows);
        for (int row = 0; tile.Sinks != null && row < tile.Rows; row++)
        {
            state.Largest[row] = tile.Sink(shape, row);
            state.Total[row] = 1;
        }
    }

    /// <summary>Adds one row of a later span to what is known.</summary>
    public static void Join<TLanes>(SpanState known, SpanState span, int row, int valueSize)
        where TLanes : struct, ILanes<TLanes>
    {
        float old = known.Largest[row], other = span.Largest[row];
        float largest = other > old ? other : old;
        float a = AttentionForwardKernel.Exp(old - largest), b = AttentionForwardKernel.Exp(other - largest);
        known.Largest[row] = largest;
        known.Total[row] = MathF.FusedMultiplyAdd(span.Total[row], b, known.Total[row] * a);
        float* sum = known.Sums + ((long)row * valueSize), add = span.Sums + ((long)row * valueSize);
        int i = 0;
        for (; i + TLanes.Count <= valueSize; i += TLanes.Count)
        {
            TLanes.Store(TLanes.MultiplyAdd(TLanes.Load(add + i), TLanes.Broadcast(b), TLanes.Load(sum + i) * TLanes.Broadcast(a)), sum + i);
        }

        for (; i < valueSize; i++)
        {
            sum[i] = MathF.FusedMultiplyAdd(add[i], b, sum[i] * a);
        }
    }

    /// <summary>Divides by the sum of weights. Adding 0 turns a −0 that a product of underflowing weights may leave into +0.</summary>
    public static void Finish<TLanes>(in AttentionShape shape, in AttentionTile tile, SpanState known, int row)
        where TLanes : struct, ILanes<TLanes>
    {
        float total = known.Total[row];
        float factor = total > 0 ? 1f / total : 0f;
        float* sum = known.Sums + ((long)row * shape.ValueHeadSize), output = tile.OutputRow(shape, row);
        int i = 0;
        for (; i + TLanes.Count <= shape.ValueHeadSize; i += TLanes.Count)
        {
            TLanes.Store(TLanes.MultiplyAdd(TLanes.Load(sum + i), TLanes.Broadcast(factor), TLanes.Zero), output + i);
        }

        for (; i < shape.ValueHeadSize; i++)
        {
            output[i] = MathF.FusedMultiplyAdd(sum[i], factor, 0f);
        }

        if (tile.LogSumExp != null)
        {
            *tile.LogSumExpOf(shape, row) = known.Largest[row] + MathF.Log(total);
        }
    }

    /// <summary>Joins the states of all spans of a tile, and writes its output.</summary>
    /// <param name="shape">Sizes.</param>
    /// <param name="tile">The rows; its states lie span after span.</param>
    /// <param name="scratch">Room for the state of the tile.</param>
    public static void Run(in AttentionShape shape, in AttentionTile tile, float* scratch)
    {
        switch (Simd.Width)
        {
            case 512:
                Lanes<Lanes512>(shape, tile, scratch);
                break;
            case 256:
                Lanes<Lanes256>(shape, tile, scratch);
                break;
            case 128:
                Lanes<Lanes128>(shape, tile, scratch);
                break;
            default:
                Lanes<Lanes1>(shape, tile, scratch);
                break;
        }
    }

    private static void Lanes<TLanes>(in AttentionShape shape, in AttentionTile tile, float* scratch)
        where TLanes : struct, ILanes<TLanes>
    {
        var known = new SpanState(scratch, tile.Rows);
        Start(shape, tile, known);
        for (int row = 0; row < tile.Rows; row++)
        {
            for (int span = tile.FirstSpan; span < tile.EndSpan; span++)
            {
                Join<TLanes>(known, tile.StateOf(shape, span), row, shape.ValueHeadSize);
            }

            Finish<TLanes>(shape, tile, known, row);
        }
    }
}
