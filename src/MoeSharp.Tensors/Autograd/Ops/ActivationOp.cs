using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>An activation function, element by element.</summary>
/// <remarks>
/// <para>Shapes: <c>x [..]</c> → <c>[..]</c>. Formula: <c>y = f(x)</c>; <c>dx = dy∘f′(x)</c>, f as named by <see cref="Activation"/>.</para>
/// </remarks>
public sealed class ActivationOp : Operation
{
    private readonly Tensor _x;
    private readonly Activation _activation;

    private ActivationOp(Tensor x, Activation activation, Tensor output)
        : base(output)
    {
        _x = x;
        _activation = activation;
    }

    /// <summary>Applies <paramref name="activation"/> to every element.</summary>
    public static Tensor Apply(Tensor x, Activation activation)
    {
        TensorScope scope = ScopeOf("activation", x);
        Tensor output = scope.New(x.Shape);
        Blocks blocks = Blocks.OfElements(x.Length);
        scope.Workers.Run(blocks.Count, new ForwardWork(activation, x, output, blocks));
        return Records(scope, x) ? Record(scope, new ActivationOp(x, activation, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Blocks blocks = Blocks.OfElements(_x.Length);
        Tensor gradient = _x.GradientFor(out bool accumulate);
        Output.Scope!.Workers.Run(
            blocks.Count, new BackwardWork(_activation, _x, OutputGradient, gradient, accumulate, blocks));
    }

    private readonly struct ForwardWork(Activation activation, Tensor x, Tensor y, Blocks blocks) : IWork
    {
        public void Run(int item, int worker)
        {
            long first = blocks.First(item);
            int count = blocks.Size(item);
            ActivationKernel.Run(activation, x.SpanAt(first, count), y.SpanAt(first, count));
        }
    }

    private readonly struct BackwardWork(
        Activation activation, Tensor x, Tensor dy, Tensor dx, bool accumulate, Blocks blocks) : IWork
    {
        public void Run(int item, int worker)
        {
            long first = blocks.First(item);
            int count = blocks.Size(item);
            ActivationKernel.Backward(
                activation, x.SpanAt(first, count), dy.SpanAt(first, count), dx.SpanAt(first, count), accumulate);
        }
    }
}
