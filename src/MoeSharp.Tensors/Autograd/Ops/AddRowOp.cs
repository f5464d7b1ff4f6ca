using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>Adds one row to every row: a bias.</summary>
/// <remarks>
/// <para>Shapes: <c>x [T, D]</c>, row <c>[D]</c> → <c>[T, D]</c>. Formula: <c>y[t] = x[t] + row</c>; <c>dx = dy</c>, <c>drow = Σₜ dy[t]</c>
/// (over fixed pieces of rows, so the same at any thread count).</para>
/// </remarks>
public sealed class AddRowOp : Operation
{
    private readonly Tensor _x;
    private readonly Tensor _row;

    private AddRowOp(Tensor x, Tensor row, Tensor output)
        : base(output)
    {
        _x = x;
        _row = row;
    }

    /// <summary>Adds a row to all rows.</summary>
    /// <exception cref="TensorShapeException">The row is not as long as the rows.</exception>
    public static Tensor Apply(Tensor x, Tensor row)
    {
        if (row.Length != x.Shape.Columns)
        {
            Throw.Shape($"add row: got a row {row.Shape} for {x.Shape}. It must have {x.Shape.Columns} elements.");
        }

        TensorScope scope = ScopeOf("add row", x);
        Tensor output = scope.New(x.Shape);
        Blocks blocks = Blocks.OfRows(x.Rows, x.Columns);
        scope.Workers.Run(blocks.Count, new Work(x, row, output, blocks));
        return Records(scope, x, row) ? Record(scope, new AddRowOp(x, row, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        AddOp.Pass(_x, OutputGradient);
        if (_row.NeedsGradient)
        {
            ColumnSumWork.Sum(Output.Scope!, OutputGradient, _row.GradientFor(out bool accumulate), accumulate);
        }
    }

    private readonly struct Work(Tensor x, Tensor row, Tensor y, Blocks blocks) : IWork
    {
        public void Run(int item, int worker)
        {
            long first = blocks.First(item);
            for (long i = first; i < first + blocks.Size(item); i++)
            {
                ElementKernel.Add(x.Row(i), row.Span, y.Row(i));
            }
        }
    }
}
