using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;

namespace MoeSharp.Experts.Ops;

/// <summary>Elementwise scores of router logits.</summary>
/// <remarks>
/// <para>Shapes: <c>logits [T, E]</c> → <c>scores [T, E]</c>. Formula: <c>s = f(h) + offset</c>.</para>
/// <para>Derivatives: sigmoid <c>σ(1 − σ)</c>; √softplus <c>σ(h) / (2·√softplus(h))</c>.</para>
/// </remarks>
internal sealed class ScoreOp : Operation
{
    private readonly Tensor _logits;
    private readonly ScoreFunction _function;
    private readonly float _offset;

    private ScoreOp(Tensor logits, ScoreFunction function, float offset, Tensor output)
        : base(output)
    {
        _logits = logits;
        _function = function;
        _offset = offset;
    }

    /// <summary>Applies the function to every logit.</summary>
    public static Tensor Apply(Tensor logits, ScoreFunction function, float offset)
    {
        TensorScope scope = ScopeOf("router score", logits);
        Tensor output = scope.New(logits.Shape);
        ReadOnlySpan<float> h = logits.Span;
        Span<float> s = output.Span;
        for (int i = 0; i < h.Length; i++)
        {
            s[i] = offset + function switch
            {
                ScoreFunction.Sigmoid => Sigmoid(h[i]),
                _ => MathF.Sqrt(Softplus(h[i])),
            };
        }

        return Records(scope, logits) ? Record(scope, new ScoreOp(logits, function, offset, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        ReadOnlySpan<float> dy = OutputGradient.Span, h = _logits.Span, y = Output.Span;
        Span<float> dx = _logits.GradientFor(out bool accumulate).Span;
        for (int i = 0; i < dx.Length; i++)
        {
            float s = y[i] - _offset;
            float slope = _function switch
            {
                ScoreFunction.Sigmoid => s * (1 - s),
                _ => s > 0 ? Sigmoid(h[i]) / (2 * s) : 0,
            };
            dx[i] = (accumulate ? dx[i] : 0) + (dy[i] * slope);
        }
    }

    /// <summary>1 / (1 + e⁻ʰ), from the side that cannot overflow.</summary>
    internal static float Sigmoid(float h)
    {
        if (h >= 0)
        {
            return 1 / (1 + MathF.Exp(-h));
        }

        float e = MathF.Exp(h);
        return e / (1 + e);
    }

    /// <summary>log(1 + eʰ).</summary>
    internal static float Softplus(float h) => MathF.Max(h, 0) + (float)Math.Log(1 + Math.Exp(-Math.Abs((double)h)));
}
