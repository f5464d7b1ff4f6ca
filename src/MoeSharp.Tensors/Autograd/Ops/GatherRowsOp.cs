using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>Rows of a tensor in a new order, with repeats: dispatch.</summary>
/// <remarks>
/// <para>Shapes: <c>x [T, D]</c>, rows <c>[N]</c> → <c>[N, D]</c>; −1 gives a row of zeros. Formula: <c>y[n] = x[rows[n]]</c>;
/// <c>dx[t]</c> = Σ of <c>dy[n]</c> over n with <c>rows[n] = t</c>, in rising order of n at any thread count.</para>
/// <para>The row numbers must not change before the backward pass.</para>
/// </remarks>
public sealed class GatherRowsOp : Operation
{
    private readonly Tensor _x;
    private readonly Indices _rows;

    private GatherRowsOp(Tensor x, Indices rows, Tensor output)
        : base(output)
    {
        _x = x;
        _rows = rows;
    }

    /// <summary>Gathers rows.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A number is no row of x.</exception>
    public static Tensor Apply(Tensor x, Indices rows)
    {
        TensorScope scope = ScopeOf("gather rows", x);
        RowIndex.Check("gather rows", rows.Span, x.Shape.Rows, allowNone: true);
        Tensor output = scope.New(new(rows.Length, x.Shape.Columns));
        Blocks blocks = Blocks.OfRows(rows.Length, x.Columns);
        scope.Workers.Run(blocks.Count, new Work(x, rows, output, blocks));
        return Records(scope, x) ? Record(scope, new GatherRowsOp(x, rows, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Tensor gradient = _x.GradientFor(out bool accumulate);
        RowSumWork.Scatter(Output.Scope!, OutputGradient, _rows, gradient, scale: 1, accumulate);
    }

    private readonly struct Work(Tensor x, Indices rows, Tensor y, Blocks blocks) : IWork
    {
        public void Run(int item, int worker)
        {
            ReadOnlySpan<int> row = rows.Span;
            int first = (int)blocks.First(item);
            for (int n = first; n < first + blocks.Size(item); n++)
            {
                if (row[n] < 0)
                {
                    y.Row(n).Clear();
                }
                else
                {
                    x.Row(row[n]).CopyTo(y.Row(n));
                }
            }
        }
    }
}
