namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>What some rows know of some keys: largest score m, sum l of exp(score − m), and weighted values.</summary>
/// <remarks>Memory: m <c>[rows]</c>, l <c>[rows]</c>, sums <c>[rows, dv]</c>, one after the other.</remarks>
internal unsafe readonly struct SpanState(float* memory, int rows)
{
    public readonly float* Largest = memory;
    public readonly float* Total = memory + rows;
    public readonly float* Sums = memory + (2 * rows);

    /// <summary>Floats of the state of <paramref name="rows"/> rows.</summary>
    public static int Length(in AttentionShape shape, int rows) => rows * (2 + shape.ValueHeadSize);

    /// <summary>Nothing seen yet.</summary>
    public void Clear(in AttentionShape shape, int rows)
    {
        new Span<float>(Largest, rows).Fill(AttentionForwardKernel.Lowest);
        new Span<float>(Total, rows * (1 + shape.ValueHeadSize)).Clear();
    }
}
