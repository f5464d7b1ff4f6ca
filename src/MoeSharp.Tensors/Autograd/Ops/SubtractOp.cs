using System.Numerics.Tensors;

namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>Difference of two tensors of one shape.</summary>
/// <remarks>
/// <para>Shapes: <c>a, b [..]</c> → <c>[..]</c>. Formula: <c>y = a − b</c>; <c>da = dy</c>, <c>db = −dy</c>.</para>
/// </remarks>
public sealed class SubtractOp : Operation
{
    private readonly Tensor _a;
    private readonly Tensor _b;

    private SubtractOp(Tensor a, Tensor b, Tensor output)
        : base(output)
    {
        _a = a;
        _b = b;
    }

    /// <summary>Subtracts <paramref name="b"/> from <paramref name="a"/>.</summary>
    /// <exception cref="TensorShapeException">The shapes differ.</exception>
    public static Tensor Apply(Tensor a, Tensor b)
    {
        Throw.UnlessShape("subtract", b, a.Shape);
        TensorScope scope = ScopeOf("subtract", a.Scope is null ? b : a);
        Tensor output = scope.New(a.Shape);
        TensorPrimitives.Subtract(a.Span, b.Span, output.Span);
        return Records(scope, a, b) ? Record(scope, new SubtractOp(a, b, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        AddOp.Pass(_a, OutputGradient);
        if (_b.NeedsGradient)
        {
            ScaleOp.Run(Output.Scope!, OutputGradient, -1, _b.GradientFor(out bool accumulate), accumulate);
        }
    }
}
