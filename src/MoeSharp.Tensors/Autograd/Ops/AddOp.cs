using System.Numerics.Tensors;

namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>Sum of two tensors of one shape: the residual connection.</summary>
/// <remarks>
/// <para>Shapes: <c>a, b [..]</c> → <c>[..]</c>. Formula: <c>y = a + b</c>; <c>da = db = dy</c>.</para>
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
        TensorScope scope = ScopeOf("add", a);
        Tensor output = scope.New(a.Shape);
        TensorPrimitives.Add(a.Span, b.Span, output.Span);
        return Records(scope, a, b) ? Record(scope, new AddOp(a, b, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Pass(_a, OutputGradient);
        Pass(_b, OutputGradient);
    }

    /// <summary>Adds a gradient to that of an input which takes it unchanged.</summary>
    internal static void Pass(Tensor input, Tensor gradient)
    {
        if (!input.NeedsGradient)
        {
            return;
        }

        Span<float> target = input.GradientFor(out bool accumulate).Span;
        if (accumulate)
        {
            TensorPrimitives.Add(target, gradient.Span, target);
        }
        else
        {
            gradient.Span.CopyTo(target);
        }
    }
}
