using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;

namespace MoeSharp.Experts.Ops;

/// <summary>Weights of the chosen experts: softmax over their logits alone.</summary>
/// <remarks>
/// <para>Shapes: <c>logits [T, E]</c>, <c>ids, served [T·K]</c> → <c>w [T, K]</c>; 0 where <c>served</c> is −1. The sum runs over all choices.</para>
/// <para>Derivative: <c>∂L/∂h_i = w_i·(g_i − Σ_j g_j·w_j)</c> for chosen i, 0 for the others: unchosen experts get no task gradient.</para>
/// </remarks>
internal sealed class ChosenSoftmaxOp : Operation
{
    private readonly Tensor _logits;
    private readonly Indices _ids;
    private readonly Indices _served;

    private ChosenSoftmaxOp(Tensor logits, Indices ids, Indices served, Tensor output)
        : base(output)
    {
        _logits = logits;
        _ids = ids;
        _served = served;
    }

    /// <summary>Makes the weights.</summary>
    public static Tensor Apply(Tensor logits, Indices ids, Indices served, int topK)
    {
        TensorScope scope = ScopeOf("expert weights", logits);
        Tensor output = scope.New(new TensorShape(logits.Rows, topK));
        for (int t = 0; t < logits.Rows; t++)
        {
            Span<float> w = output.Row(t);
            Softmax(logits.Row(t), ids.Span.Slice(t * topK, topK), w);
            for (int k = 0; k < topK; k++)
            {
                w[k] = served[(t * topK) + k] < 0 ? 0 : w[k];
            }
        }

        return Records(scope, logits) ? Record(scope, new ChosenSoftmaxOp(logits, ids, served, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Tensor gradient = _logits.GradientFor(out bool accumulate), dw = OutputGradient;
        if (!accumulate)
        {
            gradient.Fill(0);
        }

        int topK = Output.Columns;
        Tensor memory = Output.Scope!.New(new TensorShape(topK));
        Span<float> full = memory.Span;
        for (int t = 0; t < _logits.Rows; t++)
        {
            // Dropped choices have weight 0 but still stand in the sum, so the full softmax is made again.
            ReadOnlySpan<int> ids = _ids.Span.Slice(t * topK, topK), served = _served.Span.Slice(t * topK, topK);
            Softmax(_logits.Row(t), ids, full);
            ReadOnlySpan<float> g = dw.Row(t);
            float inner = 0;
            for (int k = 0; k < topK; k++)
            {
                inner += served[k] < 0 ? 0 : g[k] * full[k];
            }

            Span<float> dh = gradient.Row(t);
            for (int k = 0; k < topK; k++)
            {
                if (ids[k] >= 0)
                {
                    dh[ids[k]] += full[k] * ((served[k] < 0 ? 0 : g[k]) - inner);
                }
            }
        }
    }

    private static void Softmax(ReadOnlySpan<float> logits, ReadOnlySpan<int> ids, Span<float> weights)
    {
        float max = float.NegativeInfinity, sum = 0;
        foreach (int id in ids)
        {
            max = id < 0 ? max : MathF.Max(max, logits[id]);
        }

        for (int k = 0; k < ids.Length; k++)
        {
            weights[k] = ids[k] < 0 ? 0 : MathF.Exp(logits[ids[k]] - max);
            sum += weights[k];
        }

        for (int k = 0; k < ids.Length; k++)
        {
            weights[k] = sum > 0 ? weights[k] / sum : 0;
        }
    }
}
