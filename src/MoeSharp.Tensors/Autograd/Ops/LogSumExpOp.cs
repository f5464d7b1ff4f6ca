using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>The logarithm of the summed exponentials of each row.</summary>
/// <remarks>
/// <para>Shapes: <c>x [T, N]</c> → <c>[T]</c>. Formula: <c>y = log Σ eˣ</c>; <c>dx = dy·softmax(x)</c>.</para>
/// </remarks>
public sealed class LogSumExpOp : Operation
{
    private readonly Tensor _x;

    private LogSumExpOp(Tensor x, Tensor output)
        : base(output)
    {
        _x = x;
    }

    /// <summary>Takes the log-sum-exp of each row.</summary>
    public static Tensor Apply(Tensor x)
    {
        TensorScope scope = ScopeOf("log-sum-exp", x);
        Tensor output = scope.New(new(x.Shape.Rows));
        Blocks blocks = Blocks.OfRows(x.Rows, x.Columns);
        scope.Workers.Run(blocks.Count, new ForwardWork(x, output, blocks));
        return Records(scope, x) ? Record(scope, new LogSumExpOp(x, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Blocks blocks = Blocks.OfRows(_x.Rows, _x.Columns);
        Tensor gradient = _x.GradientFor(out bool accumulate);
        Output.Scope!.Workers.Run(blocks.Count, new BackwardWork(_x, Output, OutputGradient, gradient, accumulate, blocks));
    }

    private readonly struct ForwardWork(Tensor x, Tensor y, Blocks blocks) : IWork
    {
        public void Run(int item, int worker)
        {
            int first = (int)blocks.First(item);
            for (int row = first; row < first + blocks.Size(item); row++)
            {
                y.Span[row] = (float)SoftmaxKernel.LogSumExp(x.Row(row));
            }
        }
    }

    private readonly struct BackwardWork(Tensor x, Tensor y, Tensor dy, Tensor dx, bool accumulate, Blocks blocks) : IWork
    {
        public void Run(int item, int worker)
        {
            int first = (int)blocks.First(item);
            for (int row = first; row < first + blocks.Size(item); row++)
            {
                SoftmaxKernel.LogSumExpBackward(x.Row(row), y.Span[row], dy.Span[row], dx.Row(row), accumulate);
            }
        }
    }
}
