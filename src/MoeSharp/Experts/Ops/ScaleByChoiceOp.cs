using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MoeSharp.Experts.Ops;

/// <summary>Dispatched rows times the weight of their choice: <c>y_r = w[choice(r)] · x_r</c> (weight on the input, Llama-4).</summary>
/// <remarks>Shapes: <c>rows [N, D]</c>, <c>w [T, K]</c>, <c>choiceOfRow [N]</c> → <c>[N, D]</c>. <c>dx_r = w·dy_r</c>, <c>dw[choice(r)] = dy_r·x_r</c>.</remarks>
internal sealed class ScaleByChoiceOp : Operation
{
    private readonly Tensor _rows;
    private readonly Tensor _weights;
    private readonly Indices _choiceOfRow;

    private ScaleByChoiceOp(Tensor rows, Tensor weights, Indices choiceOfRow, Tensor output)
        : base(output)
    {
        _rows = rows;
        _weights = weights;
        _choiceOfRow = choiceOfRow;
    }

    /// <summary>Scales every row.</summary>
    public static Tensor Apply(Tensor rows, Tensor weights, Indices choiceOfRow)
    {
        TensorScope scope = ScopeOf("weight on the input", rows);
        Tensor output = scope.New(rows.Shape);
        ReadOnlySpan<float> w = weights.Span;
        for (int r = 0; r < rows.Rows; r++)
        {
            TensorPrimitives.Multiply(rows.Row(r), w[choiceOfRow[r]], output.Row(r));
        }

        return Records(scope, rows, weights) ? Record(scope, new ScaleByChoiceOp(rows, weights, choiceOfRow, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Tensor dy = OutputGradient;
        if (_rows.NeedsGradient)
        {
            Tensor dx = _rows.GradientFor(out bool accumulate);
            ReadOnlySpan<float> w = _weights.Span;
            for (int r = 0; r < dx.Rows; r++)
            {
                RemainderOp.RowScaleAdd(dy.Row(r), w[_choiceOfRow[r]], dx.Row(r), accumulate);
            }
        }

        if (_weights.NeedsGradient)
        {
            Tensor gradient = _weights.GradientFor(out bool accumulate);
            if (!accumulate)
            {
                gradient.Fill(0);
            }

            Span<float> dw = gradient.Span;
            for (int r = 0; r < dy.Rows; r++)
            {
                dw[_choiceOfRow[r]] += TensorPrimitives.Dot(dy.Row(r), _rows.Row(r));
            }
        }
    }
}
