using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>Rows of a table by token id.</summary>
/// <remarks>
/// <para>Shapes: table <c>[V, D]</c>, ids <c>[T]</c> → <c>[T, D]</c>. Formula: <c>y[t] = s·table[ids[t]]</c>; <c>dtable[v]</c> = s·Σ of
/// <c>dy[t]</c> over t with <c>ids[t] = v</c>, in rising order of t at any thread count. Rows that no id names are zeroed by the
/// first writer of the gradient and not touched by later ones.</para>
/// <para>The ids must not change before the backward pass.</para>
/// </remarks>
public sealed class EmbeddingOp : Operation
{
    private readonly Tensor _table;
    private readonly Indices _ids;
    private readonly float _scale;

    private EmbeddingOp(Tensor table, Indices ids, float scale, Tensor output)
        : base(output)
    {
        _table = table;
        _ids = ids;
        _scale = scale;
    }

    /// <summary>Looks rows up.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is no row of the table.</exception>
    public static Tensor Apply(TensorScope scope, Tensor table, Indices ids, float scale = 1)
    {
        RowIndex.Check("embedding", ids.Span, table.Shape.Rows, allowNone: false);
        Tensor output = scope.New(new(ids.Length, table.Shape.Columns));
        Blocks blocks = Blocks.OfRows(ids.Length, table.Columns);
        scope.Workers.Run(blocks.Count, new Work(table, ids, output, scale, blocks));
        return Records(scope, table) ? Record(scope, new EmbeddingOp(table, ids, scale, output)) : output;
    }

    /// <summary>Looks rows of a table up, however it is stored.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is no row of the table.</exception>
    public static Tensor Apply(TensorScope scope, Parameter table, Indices ids, float scale = 1)
    {
        if (table.Packed is not { } packed)
        {
            return Apply(scope, table.Value, ids, scale);
        }

        RowIndex.Check("embedding", ids.Span, table.Shape.Rows, allowNone: false);
        Tensor output = scope.New(new(ids.Length, table.Shape.Columns));
        for (int t = 0; t < ids.Length; t++)
        {
            Span<float> row = output.Row(t);
            packed.Dequantize(ids[t], row);
            if (scale != 1)
            {
                ElementKernel.Scale(row, scale, row, accumulate: false);
            }
        }

        return output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Tensor gradient = _table.GradientFor(out bool accumulate);
        RowSumWork.Scatter(Output.Scope!, OutputGradient, _ids, gradient, _scale, accumulate);
    }

    private readonly struct Work(Tensor table, Indices ids, Tensor y, float scale, Blocks blocks) : IWork
    {
        public void Run(int item, int worker)
        {
            ReadOnlySpan<int> id = ids.Span;
            int first = (int)blocks.First(item);
            for (int t = first; t < first + blocks.Size(item); t++)
            {
                ElementKernel.Scale(table.Row(id[t]), scale, y.Row(t), accumulate: false);
            }
        }
    }
}
