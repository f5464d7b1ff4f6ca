namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>Limits every number to a range.</summary>
/// <remarks>
/// <para>Shapes: <c>x [..]</c> → <c>[..]</c>. Formula: <c>y = min(max(x, low), high)</c>; <c>dx = dy</c> where low ≤ x ≤ high, else 0 (the
/// limits included, as in PyTorch). NaN stays NaN.</para>
/// </remarks>
public sealed class ClampOp : Operation
{
    private readonly Tensor _x;
    private readonly float _low;
    private readonly float _high;

    private ClampOp(Tensor x, float low, float high, Tensor output)
        : base(output)
    {
        _x = x;
        _low = low;
        _high = high;
    }

    /// <summary>Limits numbers.</summary>
    /// <exception cref="ArgumentException"><paramref name="low"/> is above <paramref name="high"/>.</exception>
    public static Tensor Apply(Tensor x, float low, float high)
    {
        if (!(low <= high))
        {
            throw new ArgumentException($"clamp: the range {low} to {high} is empty. The first must not be above the second.", nameof(low));
        }

        TensorScope scope = ScopeOf("clamp", x);
        Tensor output = scope.New(x.Shape);
        ReadOnlySpan<float> from = x.Span;
        Span<float> to = output.Span;
        for (int i = 0; i < from.Length; i++)
        {
            to[i] = Math.Clamp(from[i], low, high);
        }

        return Records(scope, x) ? Record(scope, new ClampOp(x, low, high, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        ReadOnlySpan<float> x = _x.Span, gradient = OutputGradient.Span;
        Span<float> target = _x.GradientFor(out bool accumulate).Span;
        for (int i = 0; i < x.Length; i++)
        {
            float passed = x[i] >= _low && x[i] <= _high ? gradient[i] : 0;
            target[i] = accumulate ? target[i] + passed : passed;
        }
    }
}
