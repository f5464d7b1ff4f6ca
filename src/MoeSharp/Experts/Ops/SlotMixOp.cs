using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MoeSharp.Experts.Ops;

/// <summary>Between tokens and slots by dense weights: slots are mixtures of the tokens of their segment, or tokens mixtures of slots.</summary>
/// <remarks>
/// <para>Shapes: weights <c>[T, P]</c>; tokens <c>[T, D]</c> ↔ slots <c>[P·S, D]</c>. Slot p of segment s is row p·S + s, so the slots of an expert
/// are consecutive whatever the count of segments.</para>
/// <para>Formula: to slots <c>y[p, s] = Σ_{t∈s} w[t, p]·x_t</c>; to tokens <c>y_t = Σ_p w[t, p]·x[p, s(t)]</c>. Each is the other's derivative;
/// <c>dw[t, p]</c> is the dot product of token and slot, one of them the gradient.</para>
/// </remarks>
internal sealed class SlotMixOp : Operation
{
    private readonly Tensor _weights;
    private readonly Tensor _x;
    private readonly Indices? _starts;
    private readonly bool _toSlots;

    private SlotMixOp(Tensor weights, Tensor x, Indices? starts, bool toSlots, Tensor output)
        : base(output)
    {
        _weights = weights;
        _x = x;
        _starts = starts;
        _toSlots = toSlots;
    }

    /// <summary>Mixes tokens into slots, or slots into tokens.</summary>
    public static Tensor Apply(Tensor weights, Tensor x, Indices? starts, bool toSlots)
    {
        TensorScope scope = ScopeOf("slots", weights);
        int segments = starts is null ? 1 : starts.Length - 1;
        Tensor output = scope.Zeros(new TensorShape(toSlots ? weights.Columns * segments : weights.Rows, x.Columns));
        Mix(weights, x, output, starts, toSlots);
        return Records(scope, weights, x) ? Record(scope, new SlotMixOp(weights, x, starts, toSlots, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Tensor dy = OutputGradient;
        if (_x.NeedsGradient)
        {
            Tensor dx = _x.GradientFor(out bool accumulate);
            if (!accumulate)
            {
                dx.Fill(0);
            }

            Mix(_weights, dy, dx, _starts, !_toSlots);
        }

        if (_weights.NeedsGradient)
        {
            Tensor gradient = _weights.GradientFor(out bool accumulate);
            (Tensor tokens, Tensor slots) = _toSlots ? (_x, dy) : (dy, _x);
            int segments = slots.Rows / _weights.Columns;
            for (int s = 0; s < segments; s++)
            {
                (int start, int end) = _starts is null ? (0, _weights.Rows) : (_starts[s], _starts[s + 1]);
                for (int t = start; t < end; t++)
                {
                    Span<float> dw = gradient.Row(t);
                    for (int p = 0; p < dw.Length; p++)
                    {
                        dw[p] = (accumulate ? dw[p] : 0) + TensorPrimitives.Dot(tokens.Row(t), slots.Row((p * segments) + s));
                    }
                }
            }
        }
    }

    private static void Mix(Tensor weights, Tensor source, Tensor target, Indices? starts, bool toSlots)
    {
        int segments = starts is null ? 1 : starts.Length - 1;
        for (int s = 0; s < segments; s++)
        {
            (int start, int end) = starts is null ? (0, weights.Rows) : (starts[s], starts[s + 1]);
            for (int t = start; t < end; t++)
            {
                ReadOnlySpan<float> w = weights.Row(t);
                for (int p = 0; p < w.Length; p++)
                {
                    int slot = (p * segments) + s;
                    Span<float> row = target.Row(toSlots ? slot : t);
                    TensorPrimitives.MultiplyAdd(source.Row(toSlots ? t : slot), w[p], row, row);
                }
            }
        }
    }
}
