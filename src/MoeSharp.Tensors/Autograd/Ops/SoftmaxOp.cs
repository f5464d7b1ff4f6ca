using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>Softmax of each row.</summary>
/// <remarks>
/// <para>Shapes: <c>x [T, N]</c> → <c>[T, N]</c>. Formula: <c>y = eˣ/Σ eˣ</c>; <c>dx = y∘(dy − Σ dy∘y)</c>.
/// Edges as <see cref="SoftmaxKernel"/>: −∞ gives 0.</para>
/// </remarks>
public sealed class SoftmaxOp : Operation
{
    private readonly Tensor _x;

    private SoftmaxOp(Tensor x, Tensor output)
        : base(output)
    {
        _x = x;
    }

    /// <summary>Takes the softmax of each row.</summary>
    public static Tensor Apply(Tensor x)
    {
        TensorScope scope = ScopeOf("softmax", x);
        Tensor output = scope.New(x.Shape);
        Blocks blocks = Blocks.OfRows(x.Rows, x.Columns);
        scope.Workers.Run(blocks.Count, new ForwardWork(x, output, blocks));
        return Records(scope, x) ? Record(scope, new SoftmaxOp(x, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Blocks blocks = Blocks.OfRows(_x.Rows, _x.Columns);
        Tensor gradient = _x.GradientFor(out bool accumulate);
        Output.Scope!.Workers.Run(blocks.Count, new BackwardWork(Output, OutputGradient, gradient, accumulate, blocks));
    }

    private readonly struct ForwardWork(Tensor x, Tensor y, Blocks blocks) : IWork
    {
        public void Run(int item, int worker)
        {
            long first = blocks.First(item);
            int count = blocks.Size(item);
            SoftmaxKernel.Run(x.RowRange(first, count), y.RowRange(first, count), x.Columns);
        }
    }

    private readonly struct BackwardWork(Tensor y, Tensor dy, Tensor dx, bool accumulate, Blocks blocks) : IWork
    {
        public void Run(int item, int worker)
        {
            long first = blocks.First(item);
            int count = blocks.Size(item);
            SoftmaxKernel.Backward(
                y.RowRange(first, count), dy.RowRange(first, count), dx.RowRange(first, count), y.Columns, accumulate);
        }
    }
}
