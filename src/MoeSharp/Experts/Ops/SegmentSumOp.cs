using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MoeSharp.Experts.Ops;

/// <summary>Sums of rows over segments.</summary>
/// <remarks>
/// <para>Shapes: <c>x [T, E]</c>, starts <c>[S + 1]</c> or none → <c>[S, E]</c>. Rows marked as padding are left out.</para>
/// <para>Derivative: every counted row takes the gradient of its segment. Sums in float32, by blocks of 64 rows in order.</para>
/// </remarks>
internal sealed class SegmentSumOp : Operation
{
    private readonly Tensor _x;
    private readonly Indices? _starts;
    private readonly Indices? _padding;

    private SegmentSumOp(Tensor x, Indices? starts, Indices? padding, Tensor output)
        : base(output)
    {
        _x = x;
        _starts = starts;
        _padding = padding;
    }

    /// <summary>Sums the rows of each segment.</summary>
    public static Tensor Apply(Tensor x, Indices? starts, Indices? padding)
    {
        TensorScope scope = ScopeOf("segment sum", x);
        int segments = starts is null ? 1 : starts.Length - 1;
        Tensor output = scope.New(new TensorShape(segments, x.Columns));
        for (int s = 0; s < segments; s++)
        {
            Sum(x, padding, starts is null ? 0 : starts[s], starts is null ? x.Rows : starts[s + 1], output.Row(s));
        }

        return Records(scope, x) ? Record(scope, new SegmentSumOp(x, starts, padding, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Tensor dx = _x.GradientFor(out bool accumulate);
        for (int s = 0; s < Output.Rows; s++)
        {
            ReadOnlySpan<float> dy = OutputGradient.Row(s);
            int end = _starts is null ? _x.Rows : _starts[s + 1];
            for (int t = _starts is null ? 0 : _starts[s]; t < end; t++)
            {
                Span<float> row = dx.Row(t);
                if (_padding is not null && _padding[t] != 0)
                {
                    if (!accumulate)
                    {
                        row.Clear();
                    }
                }
                else if (accumulate)
                {
                    TensorPrimitives.Add(row, dy, row);
                }
                else
                {
                    dy.CopyTo(row);
                }
            }
        }
    }

    private static void Sum(Tensor x, Indices? padding, int start, int end, Span<float> sum)
    {
        sum.Clear();
        Tensor memory = x.Scope!.New(new TensorShape(sum.Length));
        Span<float> block = memory.Span;
        const int blockRows = 64; // short sums inside, so that the rounding of a long batch stays small
        for (int first = start; first < end; first += blockRows)
        {
            block.Clear();
            for (int t = first; t < Math.Min(end, first + blockRows); t++)
            {
                if (padding is null || padding[t] == 0)
                {
                    TensorPrimitives.Add(block, x.Row(t), block);
                }
            }

            TensorPrimitives.Add(sum, block, sum);
        }
    }
}
