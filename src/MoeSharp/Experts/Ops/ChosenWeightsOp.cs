using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;

namespace MoeSharp.Experts.Ops;

/// <summary>Weights of the chosen experts: their scores, divided by a norm over the choices, scaled.</summary>
/// <remarks>
/// <para>Shapes: <c>scores [T, E]</c>, <c>ids, served [T·K]</c> → <c>w [T, K]</c>; 0 where <c>served</c> is −1.</para>
/// <para>Formula: <c>w_k = c·s_k / D</c>, <c>D = 1</c>, <c>‖s‖ₚ + ε</c> or <c>max(‖s‖ₚ, ε)</c>, the norm over all choices or over the served ones.</para>
/// <para>Derivative: <c>∂w_k/∂s_j = c·(δ_kj/D − s_k/D² · ∂D/∂s_j)</c>, <c>∂‖s‖ₚ/∂s_j = |s_j|ᵖ⁻¹·sign(s_j)·‖s‖ₚ¹⁻ᵖ</c>, 0 below the floor.</para>
/// <para>Edges: a norm of 0 without ε gives weight 0.</para>
/// </remarks>
internal sealed class ChosenWeightsOp : Operation
{
    private readonly Tensor _scores;
    private readonly Indices _ids;
    private readonly Indices _served;
    private readonly Normalization _rule;

    private ChosenWeightsOp(Tensor scores, Indices ids, Indices served, Normalization rule, Tensor output)
        : base(output)
    {
        _scores = scores;
        _ids = ids;
        _served = served;
        _rule = rule;
    }

    /// <summary>Makes the weights.</summary>
    public static Tensor Apply(Tensor scores, Indices ids, Indices served, int topK, Normalization rule)
    {
        TensorScope scope = ScopeOf("expert weights", scores);
        Tensor output = scope.New(new TensorShape(scores.Rows, topK));
        ReadOnlySpan<int> norm = (rule.AfterDrop ? served : ids).Span, kept = served.Span;
        for (int t = 0; t < scores.Rows; t++)
        {
            ReadOnlySpan<float> row = scores.Row(t);
            Span<float> w = output.Row(t);
            float divisor = rule.Divides(topK) ? Divisor(row, norm.Slice(t * topK, topK), rule, out _) : 1;
            for (int k = 0; k < topK; k++)
            {
                // Divided, not multiplied by the reciprocal: a single choice weighs exactly 1, K = 2ⁿ equal ones exactly 1/K.
                int id = kept[(t * topK) + k];
                w[k] = id < 0 || divisor <= 0 ? 0 : row[id] / divisor * rule.Scale;
            }
        }

        return Records(scope, scores) ? Record(scope, new ChosenWeightsOp(scores, ids, served, rule, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Tensor gradient = _scores.GradientFor(out bool accumulate), dw = OutputGradient;
        if (!accumulate)
        {
            gradient.Fill(0);
        }

        int topK = Output.Columns;
        ReadOnlySpan<int> norm = (_rule.AfterDrop ? _served : _ids).Span, kept = _served.Span;
        for (int t = 0; t < _scores.Rows; t++)
        {
            ReadOnlySpan<float> row = _scores.Row(t), g = dw.Row(t), w = Output.Row(t);
            Span<float> ds = gradient.Row(t);
            float inner = 0, divisor = 1, length = 0;
            if (_rule.Divides(topK))
            {
                divisor = Divisor(row, norm.Slice(t * topK, topK), _rule, out length);
                for (int k = 0; k < topK; k++)
                {
                    inner += g[k] * w[k];
                }
            }

            for (int k = 0; k < topK; k++)
            {
                int id = kept[(t * topK) + k];
                if (id >= 0 && divisor > 0)
                {
                    ds[id] += g[k] * _rule.Scale / divisor;
                }

                int other = norm[(t * topK) + k];
                if (inner != 0 && other >= 0 && length > 0 && !(_rule.Kind == NormalizationKind.Floor && length <= _rule.Epsilon))
                {
                    float slope = _rule.Power == 1
                        ? MathF.Sign(row[other])
                        : MathF.CopySign(MathF.Pow(MathF.Abs(row[other]) / length, _rule.Power - 1), row[other]);
                    ds[other] -= inner / divisor * slope;
                }
            }
        }
    }

    private static float Divisor(ReadOnlySpan<float> scores, ReadOnlySpan<int> ids, Normalization rule, out float length)
    {
        double sum = 0;
        foreach (int id in ids)
        {
            if (id >= 0)
            {
                sum += rule.Power == 1 ? Math.Abs(scores[id]) : Math.Pow(Math.Abs(scores[id]), rule.Power);
            }
        }

        length = (float)(rule.Power == 1 ? sum : Math.Pow(sum, 1.0 / rule.Power));
        return rule.Kind == NormalizationKind.Floor ? MathF.Max(length, rule.Epsilon) : length + rule.Epsilon;
    }
}
