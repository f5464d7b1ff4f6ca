using System.Numerics.Tensors;
using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>The logarithm of the softmax of each row.</summary>
/// <remarks>
/// <para>Shapes: <c>x [T, N]</c> → <c>[T, N]</c>. Formula: <c>y = x − log Σ eˣ</c>; <c>dx = dy − eʸ·Σ dy</c>.</para>
/// </remarks>
public sealed class LogSoftmaxOp : Operation
{
    private readonly Tensor _x;

    private LogSoftmaxOp(Tensor x, Tensor output)
        : base(output)
    {
        _x = x;
    }

    /// <summary>Takes the log-softmax of each row.</summary>
    public static Tensor Apply(Tensor x)
    {
        TensorScope scope = ScopeOf("log-softmax", x);
        Tensor output = scope.New(x.Shape);
        Blocks blocks = Blocks.OfRows(x.Rows, x.Columns);
        scope.Workers.Run(blocks.Count, new ForwardWork(x, output, blocks));
        return Records(scope, x) ? Record(scope, new LogSoftmaxOp(x, output)) : output;
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
            for (long row = first; row < first + blocks.Size(item); row++)
            {
                TensorPrimitives.Subtract(x.Row(row), (float)SoftmaxKernel.LogSumExp(x.Row(row)), y.Row(row));
            }
        }
    }

    private readonly struct BackwardWork(Tensor y, Tensor dy, Tensor dx, bool accumulate, Blocks blocks) : IWork
    {
        public void Run(int item, int worker)
        {
            long first = blocks.First(item);
            for (long row = first; row < first + blocks.Size(item); row++)
            {
                ReadOnlySpan<float> upstream = dy.Row(row);
                Span<float> target = dx.Row(row);
                ElementKernel.Scale(upstream, 1, target, accumulate);
                SoftmaxKernel.LogSumExpBackward(y.Row(row), 0, -(float)SumKernel.Sum(upstream), target, accumulate: true);
            }
        }
    }
}
