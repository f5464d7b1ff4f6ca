using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>Each row times its own number.</summary>
/// <remarks>
/// <para>Shapes: <c>x [T, D]</c>, weights <c>[T]</c> or <c>[T, 1]</c> → <c>[T, D]</c>.
/// Formula: <c>y[t] = w[t]·x[t]</c>; <c>dx[t] = w[t]·dy[t]</c>, <c>dw[t] = dy[t]·x[t]</c>.</para>
/// </remarks>
public sealed class RowScaleOp : Operation
{
    private readonly Tensor _x;
    private readonly Tensor _weights;

    private RowScaleOp(Tensor x, Tensor weights, Tensor output)
        : base(output)
    {
        _x = x;
        _weights = weights;
    }

    /// <summary>Scales rows.</summary>
    /// <exception cref="TensorShapeException">There is not one weight a row.</exception>
    public static Tensor Apply(Tensor x, Tensor weights)
    {
        if (weights.Length != x.Shape.Rows)
        {
            Throw.Shape($"row scale: got weights {weights.Shape} for {x.Shape}. There must be one a row.");
        }

        TensorScope scope = ScopeOf("row scale", x);
        Tensor output = scope.New(x.Shape);
        Blocks blocks = Blocks.OfRows(x.Rows, x.Columns);
        scope.Workers.Run(blocks.Count, new ForwardWork(x, weights, output, blocks));
        return Records(scope, x, weights) ? Record(scope, new RowScaleOp(x, weights, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        bool addToX = false, addToWeights = false;
        Tensor? dx = _x.NeedsGradient ? _x.GradientFor(out addToX) : null;
        Tensor? dw = _weights.NeedsGradient ? _weights.GradientFor(out addToWeights) : null;
        Blocks blocks = Blocks.OfRows(_x.Rows, _x.Columns);
        Output.Scope!.Workers.Run(
            blocks.Count, new BackwardWork(_x, _weights, OutputGradient, dx, addToX, dw, addToWeights, blocks));
    }

    private readonly struct ForwardWork(Tensor x, Tensor weights, Tensor y, Blocks blocks) : IWork
    {
        public void Run(int item, int worker)
        {
            int first = (int)blocks.First(item);
            ReadOnlySpan<float> weight = weights.Span;
            for (int row = first; row < first + blocks.Size(item); row++)
            {
                ElementKernel.Scale(x.Row(row), weight[row], y.Row(row), accumulate: false);
            }
        }
    }

    private readonly struct BackwardWork(
        Tensor x, Tensor weights, Tensor dy, Tensor? dx, bool addToX, Tensor? dw, bool addToWeights, Blocks blocks) : IWork
    {
        public void Run(int item, int worker)
        {
            int first = (int)blocks.First(item);
            ReadOnlySpan<float> weight = weights.Span;
            Span<float> weightGradient = dw is null ? default : dw.Span;
            for (int row = first; row < first + blocks.Size(item); row++)
            {
                if (dx is not null)
                {
                    ElementKernel.Scale(dy.Row(row), weight[row], dx.Row(row), addToX);
                }

                if (dw is not null)
                {
                    float dot = (float)SumKernel.Dot(dy.Row(row), x.Row(row));
                    weightGradient[row] = addToWeights ? weightGradient[row] + dot : dot;
                }
            }
        }
    }
}
