using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>Layer norm of each row, or of each head in a row.</summary>
/// <remarks>
/// <para>Shapes: <c>x [T, D]</c>, weight and bias <c>[D]</c> → <c>[T, D]</c>; with <c>x [T, H·d]</c> and weight <c>[d]</c> each group of d columns
/// is normalised by itself. Formula: <c>y = (x − mean)/√(variance + ε)∘w + b</c>; null stands for ones and zeros.</para>
/// <para>Gradients of the weights are summed over fixed pieces of rows, so they are the same at any thread count.</para>
/// </remarks>
public sealed class LayerNormOp : Operation
{
    private readonly Tensor _x;
    private readonly Tensor? _weight;
    private readonly Tensor? _bias;
    private readonly float _epsilon;

    private LayerNormOp(Tensor x, Tensor? weight, Tensor? bias, float epsilon, Tensor output)
        : base(output)
    {
        _x = x;
        _weight = weight;
        _bias = bias;
        _epsilon = epsilon;
    }

    /// <summary>Normalises rows.</summary>
    /// <exception cref="TensorShapeException">The columns of x are no multiple of the weight's length, or the bias has another length.</exception>
    public static Tensor Apply(Tensor x, Tensor? weight, Tensor? bias, float epsilon)
    {
        int columns = weight is null ? x.Columns : checked((int)weight.Length);
        if (columns == 0 || x.Shape.Columns % columns != 0)
        {
            Throw.Shape($"layer norm: got a weight of {columns} elements for {x.Shape}. Its length must divide the last dimension.");
        }

        if (bias is not null && bias.Length != columns)
        {
            Throw.Shape($"layer norm: got a bias {bias.Shape} beside {columns} columns. It must have as many elements.");
        }

        TensorScope scope = ScopeOf("layer norm", x);
        Tensor output = scope.New(x.Shape);
        Blocks blocks = Blocks.OfRows(x.Length / columns, columns);
        scope.Workers.Run(blocks.Count, new ForwardWork(x, weight, bias, output, columns, epsilon, blocks));
        return Records(scope, x, weight, bias) ? Record(scope, new LayerNormOp(x, weight, bias, epsilon, output)) : output;
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
        Tensor? db = _bias is { NeedsGradient: true } ? scope.New(new(blocks.Count, columns)) : null;
        scope.Workers.Run(
            blocks.Count, new BackwardWork(_x, _weight, OutputGradient, dx, accumulate, dw, db, columns, _epsilon, blocks));
        if (dw is not null)
        {
            Tensor gradient = _weight!.GradientFor(out bool addToWeight);
            ColumnSumWork.Join(dw, gradient.Span, addToWeight);
            scope.Release(dw);
        }

        if (db is not null)
        {
            Tensor gradient = _bias!.GradientFor(out bool addToBias);
            ColumnSumWork.Join(db, gradient.Span, addToBias);
            scope.Release(db);
        }
    }

    private readonly struct ForwardWork(Tensor x, Tensor? weight, Tensor? bias, Tensor y, int columns, float epsilon, Blocks blocks) : IWork
    {
        public void Run(int item, int worker)
        {
            long first = blocks.First(item) * columns;
            int count = blocks.Size(item) * columns;
            LayerNormKernel.Run(
                x.SpanAt(first, count), weight is null ? default : weight.Span, bias is null ? default : bias.Span, y.SpanAt(first, count), columns, epsilon);
        }
    }

    private readonly struct BackwardWork(
        Tensor x, Tensor? weight, Tensor dy, Tensor? dx, bool accumulate, Tensor? dw, Tensor? db, int columns, float epsilon, Blocks blocks) : IWork
    {
        public void Run(int item, int worker)
        {
            long first = blocks.First(item) * columns;
            int count = blocks.Size(item) * columns;
            Span<float> weightSum = dw is null ? default : dw.Row(item);
            weightSum.Clear();
            Span<float> biasSum = db is null ? default : db.Row(item);
            biasSum.Clear();
            LayerNormKernel.Backward(
                x.SpanAt(first, count),
                weight is null ? default : weight.Span,
                dy.SpanAt(first, count),
                dx is null ? default : dx.SpanAt(first, count),
                accumulate,
                weightSum,
                biasSum,
                columns,
                epsilon);
        }
    }
}
