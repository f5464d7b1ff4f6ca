using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>Root-mean-square norm of each row, or of each head in a row.</summary>
/// <remarks>
/// <para>Shapes: <c>x [T, D]</c>, weight <c>[D]</c> → <c>[T, D]</c>; with <c>x [T, H·d]</c> and weight <c>[d]</c> each group of d columns is
/// normalised by itself. Formula: <c>y = x/√(mean(x²) + ε)∘w</c>; a null weight stands for ones over whole rows.</para>
/// <para>Gradients of the weights are summed over fixed pieces of rows, so they are the same at any thread count.</para>
/// </remarks>
public sealed class RmsNormOp : Operation
{
    private readonly Tensor _x;
    private readonly Tensor? _weight;
    private readonly float _epsilon;

    private RmsNormOp(Tensor x, Tensor? weight, float epsilon, Tensor output)
        : base(output)
    {
        _x = x;
        _weight = weight;
        _epsilon = epsilon;
    }

    /// <summary>Normalises rows.</summary>
    /// <exception cref="TensorShapeException">The columns of x are no multiple of the weight's length.</exception>
    public static Tensor Apply(Tensor x, Tensor? weight, float epsilon)
    {
        int columns = weight is null ? x.Columns : checked((int)weight.Length);
        if (columns == 0 || x.Shape.Columns % columns != 0)
        {
            Throw.Shape($"rms norm: got a weight of {columns} elements for {x.Shape}. Its length must divide the last dimension.");
        }

        TensorScope scope = ScopeOf("rms norm", x);
        Tensor output = scope.New(x.Shape);
        Blocks blocks = Blocks.OfRows(x.Length / columns, columns);
        scope.Workers.Run(blocks.Count, new ForwardWork(x, weight, output, columns, epsilon, blocks));
        return Records(scope, x, weight) ? Record(scope, new RmsNormOp(x, weight, epsilon, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        TensorScope scope = Output.Scope!;
        int columns = _weight is null ? _x.Columns : (int)_weight.Length;
        bool accumulate = false;
        Tensor? dx = _x.NeedsGradient ? _x.GradientFor(out accumulate) : null;
        Blocks blocks = Blocks.OfRowsAtMost(_x.Length / columns, columns, ColumnSumWork.MostPieces);
        Tensor? dw = _weight is { NeedsGradient: true } ? scope.New(new(blocks.Count, columns)) : null;
        scope.Workers.Run(
            blocks.Count, new BackwardWork(_x, _weight, OutputGradient, dx, accumulate, dw, columns, _epsilon, blocks));
        if (dw is not null)
        {
            Tensor gradient = _weight!.GradientFor(out bool addToWeight);
            ColumnSumWork.Join(dw, gradient.Span, addToWeight);
            scope.Release(dw);
        }
    }

    private readonly struct ForwardWork(Tensor x, Tensor? weight, Tensor y, int columns, float epsilon, Blocks blocks) : IWork
    {
        public void Run(int item, int worker)
        {
            long first = blocks.First(item) * columns;
            int count = blocks.Size(item) * columns;
            RmsNormKernel.Run(
                x.SpanAt(first, count), weight is null ? default : weight.Span, y.SpanAt(first, count), columns, epsilon);
        }
    }

    private readonly struct BackwardWork(
        Tensor x, Tensor? weight, Tensor dy, Tensor? dx, bool accumulate, Tensor? dw, int columns, float epsilon, Blocks blocks) : IWork
    {
        public void Run(int item, int worker)
        {
            long first = blocks.First(item) * columns;
            int count = blocks.Size(item) * columns;
            Span<float> weightSum = dw is null ? default : dw.Row(item);
            weightSum.Clear();
            RmsNormKernel.Backward(
                x.SpanAt(first, count),
                weight is null ? default : weight.Span,
                dy.SpanAt(first, count),
                dx is null ? default : dx.SpanAt(first, count),
                accumulate,
                weightSum,
                columns,
                epsilon);
        }
    }
}
