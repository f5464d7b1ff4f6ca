using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MoeSharp.Experts.Ops;

/// <summary>PhiMoE's weights: for each of two choices its probability among the experts that competed for it.</summary>
/// <remarks>
/// <para>Shapes: <c>logits [T, E]</c>, <c>ids [T·2]</c> → <c>w [T, 2]</c>. Two softmaxes, so the sum is about 2.</para>
/// <para>In training a weight is multiplied by 1 when the choice is the best one or u &gt; ¾, otherwise by a third (Heun's third-order rule).</para>
/// <para>Derivative, the paper's own and without that factor: <c>dh_e = g·p_i·(δ_ei − p_e)</c>, i the choice, p the masked softmax.</para>
/// </remarks>
internal sealed class SparseMixerOp : Operation
{
    private readonly Tensor _logits;
    private readonly Indices _ids;
    private readonly float _jitter;

    private SparseMixerOp(Tensor logits, Indices ids, float jitter, Tensor output)
        : base(output)
    {
        _logits = logits;
        _ids = ids;
        _jitter = jitter;
    }

    /// <summary>Makes the weights.</summary>
    /// <param name="logits">Router logits.</param>
    /// <param name="ids">The two choices of each token.</param>
    /// <param name="jitter">Half the width of the competition.</param>
    /// <param name="noise">Uniform numbers in training, else null.</param>
    /// <param name="lowFactor">The third.</param>
    public static Tensor Apply(Tensor logits, Indices ids, float jitter, INoise? noise, float lowFactor)
    {
        TensorScope scope = ScopeOf("sparse mixer", logits);
        Tensor output = scope.New(new TensorShape(logits.Rows, 2)), uniform = scope.New(new TensorShape(logits.Rows));
        Span<float> p = scope.New(new TensorShape(logits.Columns)).Span;
        for (int k = 0; k < 2; k++)
        {
            noise?.FillUniform(uniform.Span);
            for (int t = 0; t < logits.Rows; t++)
            {
                int best = Probabilities(logits, ids, t, k, jitter, p), id = ids[(t * 2) + k];
                bool full = noise is null || id == best || uniform.Span[t] > 0.75f;
                output.Row(t)[k] = id < 0 ? 0 : p[id] * (full ? 1 : lowFactor);
            }
        }

        return Records(scope, logits) ? Record(scope, new SparseMixerOp(logits, ids, jitter, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Tensor gradient = _logits.GradientFor(out bool accumulate);
        if (!accumulate)
        {
            gradient.Fill(0);
        }

        Span<float> p = gradient.Scope!.New(new TensorShape(gradient.Columns)).Span;
        for (int t = 0; t < gradient.Rows; t++)
        {
            for (int k = 0; k < 2 && _ids[(t * 2) + k] >= 0; k++)
            {
                Probabilities(_logits, _ids, t, k, _jitter, p);
                int id = _ids[(t * 2) + k];
                float g = OutputGradient.Row(t)[k] * p[id];
                Span<float> dh = gradient.Row(t);
                for (int e = 0; e < dh.Length; e++)
                {
                    dh[e] -= g * p[e];
                }

                dh[id] += g;
            }
        }
    }

    private static int Probabilities(Tensor logits, Indices ids, int t, int k, float jitter, Span<float> p)
    {
        int best = SparseMixerMask.Apply(logits.Row(t), k == 0 ? -1 : ids[t * 2], jitter, p);
        float max = logits.Row(t)[best];
        for (int e = 0; e < p.Length; e++)
        {
            p[e] = MathF.Exp(p[e] - max);
        }

        TensorPrimitives.Divide(p, TensorPrimitives.Sum(p), p);
        return best;
    }
}
