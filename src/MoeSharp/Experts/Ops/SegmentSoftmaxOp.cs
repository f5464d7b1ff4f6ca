using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;

namespace MoeSharp.Experts.Ops;

/// <summary>Softmax down the columns, within each segment of rows: over the tokens of a sequence, for every slot.</summary>
/// <remarks>Shapes: <c>x [T, P]</c>, starts <c>[S + 1]</c> or none → <c>[T, P]</c>. <c>dx = y∘(dy − Σ_t dy·y)</c>, the sum down the column.</remarks>
internal sealed class SegmentSoftmaxOp : Operation
{
    private readonly Tensor _x;
    private readonly Indices? _starts;

    private SegmentSoftmaxOp(Tensor x, Indices? starts, Tensor output)
        : base(output)
    {
        _x = x;
        _starts = starts;
    }

    /// <summary>Computes the softmax.</summary>
    public static Tensor Apply(Tensor x, Indices? starts)
    {
        TensorScope scope = ScopeOf("segment softmax", x);
        Tensor output = scope.New(x.Shape);
        int segments = starts is null ? 1 : starts.Length - 1;
        for (int s = 0; s < segments; s++)
        {
            (int start, int end) = starts is null ? (0, x.Rows) : (starts[s], starts[s + 1]);
            for (int p = 0; p < x.Columns; p++)
            {
                float max = float.NegativeInfinity;
                double sum = 0;
                for (int t = start; t < end; t++)
                {
                    max = MathF.Max(max, x.Row(t)[p]);
                }

                for (int t = start; t < end; t++)
                {
                    float e = MathF.Exp(x.Row(t)[p] - max);
                    output.Row(t)[p] = e;
                    sum += e;
                }

                for (int t = start; t < end; t++)
                {
                    output.Row(t)[p] = (float)(output.Row(t)[p] / sum);
                }
            }
        }

        return Records(scope, x) ? Record(scope, new SegmentSoftmaxOp(x, starts, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Tensor gradient = _x.GradientFor(out bool accumulate), dy = OutputGradient;
        int segments = _starts is null ? 1 : _starts.Length - 1;
        for (int s = 0; s < segments; s++)
        {
            (int start, int end) = _starts is null ? (0, _x.Rows) : (_starts[s], _starts[s + 1]);
            for (int p = 0; p < _x.Columns; p++)
            {
                double inner = 0;
                for (int t = start; t < end; t++)
                {
                    inner += (double)dy.Row(t)[p] * Output.Row(t)[p];
                }

                for (int t = start; t < end; t++)
                {
                    Span<float> dx = gradient.Row(t);
                    dx[p] = (accumulate ? dx[p] : 0) + (Output.Row(t)[p] * (dy.Row(t)[p] - (float)inner));
                }
            }
        }
    }
}
