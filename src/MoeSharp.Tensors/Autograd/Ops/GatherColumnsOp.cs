using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>Chosen columns of each row: the scores of the chosen experts.</summary>
/// <remarks>
/// <para>Shapes: scores <c>[T, E]</c>, ids <c>[T·K]</c> → <c>[T, K]</c>. Formula: <c>y[t, k] = scores[t, ids[t·K + k]]</c>, 0 for −1;
/// the gradient goes back to the same places.</para>
/// <para>The ids must not change before the backward pass.</para>
/// </remarks>
public sealed class GatherColumnsOp : Operation
{
    private readonly Tensor _scores;
    private readonly Indices _ids;

    private GatherColumnsOp(Tensor scores, Indices ids, Tensor output)
        : base(output)
    {
        _scores = scores;
        _ids = ids;
    }

    /// <summary>Gathers columns.</summary>
    /// <exception cref="TensorShapeException">The count of ids is no multiple of the rows.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An id is no column.</exception>
    public static Tensor Apply(Tensor scores, Indices ids)
    {
        int rows = scores.Rows, columns = scores.Columns;
        if (rows == 0 ? ids.Length != 0 : ids.Length % rows != 0)
        {
            Throw.Shape($"gather columns: got {ids.Length} ids for {scores.Shape}. There must be equally many a row.");
        }

        TensorScope scope = ScopeOf("gather columns", scores);
        RowIndex.Check("gather columns", ids.Span, columns, allowNone: true);
        int k = rows == 0 ? 0 : ids.Length / rows;
        Tensor output = scope.New(new(rows, k));
        ReadOnlySpan<int> id = ids.Span;
        for (int t = 0; t < rows; t++)
        {
            ReadOnlySpan<float> row = scores.Row(t);
            Span<float> target = output.Row(t);
            for (int choice = 0; choice < k; choice++)
            {
                int column = id[(t * k) + choice];
                target[choice] = column < 0 ? 0 : row[column];
            }
        }

        return Records(scope, scores) ? Record(scope, new GatherColumnsOp(scores, ids, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Tensor gradient = _scores.GradientFor(out bool accumulate);
        if (!accumulate)
        {
            gradient.Fill(0);
        }

        ReadOnlySpan<int> id = _ids.Span;
        int k = Output.Columns;
        for (int t = 0; t < Output.Rows; t++)
        {
            ReadOnlySpan<float> upstream = OutputGradient.Row(t);
            Span<float> target = gradient.Row(t);
            for (int choice = 0; choice < k; choice++)
            {
                int column = id[(t * k) + choice];
                if (column >= 0)
                {
                    target[column] += upstream[choice];
                }
            }
        }
    }
}
