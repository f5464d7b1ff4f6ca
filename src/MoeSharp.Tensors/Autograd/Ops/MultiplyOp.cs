using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>Product of two tensors of one shape, element by element.</summary>
/// <remarks>
/// <para>Shapes: <c>a, b [..]</c> → <c>[..]</c>. Formula: <c>y = a∘b</c>; <c>da = dy∘b</c>, <c>db = dy∘a</c>.</para>
/// </remarks>
public sealed class MultiplyOp : Operation
{
    private readonly Tensor _a;
    private readonly Tensor _b;

    private MultiplyOp(Tensor a, Tensor b, Tensor output)
        : base(output)
    {
        _a = a;
        _b = b;
    }

    /// <summary>Multiplies two tensors.</summary>
    /// <exception cref="TensorShapeException">The shapes differ.</exception>
    public static Tensor Apply(Tensor a, Tensor b)
    {
        Throw.UnlessShape("multiply", b, a.Shape);
        TensorScope scope = ScopeOf("multiply", a.Scope is null ? b : a);
        Tensor output = scope.New(a.Shape);
        Run(scope, a, b, output, accumulate: false);
        return Records(scope, a, b) ? Record(scope, new MultiplyOp(a, b, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        TensorScope scope = Output.Scope!;
        if (_a.NeedsGradient)
        {
            Run(scope, OutputGradient, _b, _a.GradientFor(out bool accumulate), accumulate);
        }

        if (_b.NeedsGradient)
        {
            Run(scope, OutputGradient, _a, _b.GradientFor(out bool accumulate), accumulate);
        }
    }

    private static void Run(TensorScope scope, Tensor a, Tensor b, Tensor y, bool accumulate)
    {
        Blocks blocks = Blocks.OfElements(y.Length);
        scope.Workers.Run(blocks.Count, new Work(a, b, y, accumulate, blocks));
    }

    private readonly struct Work(Tensor a, Tensor b, Tensor y, bool accumulate, Blocks blocks) : IWork
    {
        public void Run(int item, int worker)
        {
            long first = blocks.First(item);
            int count = blocks.Size(item);
            ElementKernel.Multiply(a.SpanAt(first, count), b.SpanAt(first, count), y.SpanAt(first, count), accumulate);
        }
    }
}
