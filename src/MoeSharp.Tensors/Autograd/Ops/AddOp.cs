using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>Sum of two tensors of one shape: the residual connection.</summary>
/// <remarks>
/// <para>Shapes: <c>a, b [..]</c> → <c>[..]</c>. Formula: <c>y = a + b</c>; <c>da = db = dy</c>. An input without a gradient so far takes over
/// the memory of the output's gradient, which nobody needs any more, instead of a copy.</para>
/// </remarks>
public sealed class AddOp : Operation
{
    private readonly Tensor _a;
    private readonly Tensor _b;

    private AddOp(Tensor a, Tensor b, Tensor output)
        : base(output)
    {
        _a = a;
        _b = b;
    }

    /// <summary>Adds two tensors.</summary>
    /// <exception cref="TensorShapeException">The shapes differ.</exception>
    public static Tensor Apply(Tensor a, Tensor b)
    {
        Throw.UnlessShape("add", b, a.Shape);
        TensorScope scope = ScopeOf("add", a.Scope is null ? b : a);
        Tensor output = scope.New(a.Shape);
        Blocks blocks = Blocks.OfElements(output.Length);
        scope.Workers.Run(blocks.Count, new Work(a, b, output, blocks));
        return Records(scope, a, b) ? Record(scope, new AddOp(a, b, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Tensor gradient = OutputGradient;
        Pass(_b, gradient);

        // A view (as the gradient that cross-entropy leaves in the logits) does not own its memory and must not be handed on.
        bool canHandOver = !Output.IsKept && gradient.ScopeIndex >= 0 && ReferenceEquals(_a.Scope, Output.Scope);
        if (canHandOver && _a.NeedsGradient && !_a.HasGradient)
        {
            _a.TakeGradient(Output.DetachGradient()!);
        }
        else
        {
            Pass(_a, gradient);
        }
    }

    /// <summary>Adds a gradient to that of an input which takes it unchanged.</summary>
    internal static void Pass(Tensor input, Tensor gradient)
    {
        if (!input.NeedsGradient)
        {
            return;
        }

        Tensor target = input.GradientFor(out bool accumulate);
        TensorScope? scope = gradient.Scope;
        if (scope is not null)
        {
            ScaleOp.Run(scope, gradient, 1, target, accumulate);
        }
        else
        {
            ElementKernel.Scale(gradient.Span, 1, target.Span, accumulate);
        }
    }

    private readonly struct Work(Tensor a, Tensor b, Tensor y, Blocks blocks) : IWork
    {
        public void Run(int item, int worker)
        {
            long first = blocks.First(item);
            int count = blocks.Size(item);
            ElementKernel.Add(a.SpanAt(first, count), b.SpanAt(first, count), y.SpanAt(first, count));
        }
    }
}
