using MoeSharp.Experts.Banks;
using MoeSharp.Experts.Ops;
using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Experts.Soft;

/// <summary>A soft mixture of experts: experts work on slots, which are mixtures of all tokens of a sequence.</summary>
/// <remarks>
/// <para>Formula: <c>L = x̂·φ̂</c>; slots <c>= softmax_tokens(L)ᵀ·x</c>; <c>y = softmax_slots(L)·E(slots)</c>. No choice, no drop, no balance loss.</para>
/// <para>Not causal: every slot mixes later tokens in, so a causal decoder refuses it. A padding row reaches no slot.</para>
/// <para>Source: Puigcerver et al. 2023, arXiv:2308.00951; V-MoE's code; soft-moe-pytorch for the other two norms.</para>
/// </remarks>
public sealed class SoftMoeLayer
{
    private const float UnitEpsilon = 1e-6f; // as V-MoE's code
    private const float LayerEpsilon = 1e-5f; // as PyTorch's layer norm

    private readonly SlotNorm _norm;

    /// <summary>Puts a layer together and makes its weights.</summary>
    /// <param name="hiddenSize">D.</param>
    /// <param name="experts">The experts; belong to this layer from now on.</param>
    /// <param name="slots">Slots an expert.</param>
    /// <param name="norm">How tokens and slots are compared.</param>
    /// <param name="name">Path of the layer in the model.</param>
    /// <param name="seed">Of the starting weights; null leaves them undefined, for loading.</param>
    public SoftMoeLayer(
        int hiddenSize, ExpertBank experts, int slots = 1, SlotNorm norm = SlotNorm.Unit, string name = "soft_moe", ulong? seed = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(hiddenSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(slots, 1);
        Experts = experts;
        SlotsPerExpert = slots;
        _norm = norm;
        Rng? rng = seed is { } value ? new Rng(value) : null;
        Slots = new Parameter(name + ".slots", Tensor.Uninitialized(new TensorShape(experts.Count * slots, hiddenSize)));
        rng?.FillNormal(Slots.Value.Span, 1 / MathF.Sqrt(hiddenSize));
        if (norm == SlotNorm.Unit)
        {
            Scale = new Parameter(name + ".scale", Tensor.From([1], new TensorShape(1)));
        }
        else
        {
            TokenNormWeight = Ones(name + ".token_norm.weight", hiddenSize);
            SlotNormWeight = Ones(name + ".slot_norm.weight", hiddenSize);
        }

        experts.Initialize(name + ".experts", hiddenSize, rng);
    }

    /// <summary>The experts.</summary>
    public ExpertBank Experts { get; }

    /// <summary>Slots an expert.</summary>
    public int SlotsPerExpert { get; }

    /// <summary>One vector a slot, expert by expert <c>[E·slots, D]</c>.</summary>
    public Parameter Slots { get; }

    /// <summary>The scale of <see cref="SlotNorm.Unit"/> <c>[1]</c>.</summary>
    public Parameter? Scale { get; }

    /// <summary>Weight of the tokens' norm <c>[D]</c>, of the other norms.</summary>
    public Parameter? TokenNormWeight { get; }

    /// <summary>Weight of the slots' norm <c>[D]</c>, of the other norms.</summary>
    public Parameter? SlotNormWeight { get; }

    /// <summary>The trainable tensors.</summary>
    public IEnumerable<Parameter> Parameters =>
        new[] { Slots, Scale, TokenNormWeight, SlotNormWeight }.OfType<Parameter>().Concat(Experts.Parameters);

    /// <summary>Runs the layer.</summary>
    /// <param name="x">Tokens <c>[T, D]</c>.</param>
    /// <param name="context">Sequences and padding; null is one sequence without.</param>
    /// <exception cref="InvalidOperationException">The context is causal.</exception>
    public Tensor Forward(Tensor x, RoutingContext? context = null) => Forward(x, context ?? RoutingContext.Default, out _);

    /// <summary>As <see cref="Forward(Tensor, RoutingContext?)"/>, and shows the weights.</summary>
    /// <param name="x">Tokens <c>[T, D]</c>.</param>
    /// <param name="context">Sequences and padding.</param>
    /// <param name="routing">The weights.</param>
    public Tensor Forward(Tensor x, RoutingContext context, out SoftRouting routing)
    {
        if (context.IsCausal)
        {
            throw new InvalidOperationException(
                "soft moe: its slots mix later tokens into earlier ones, so it cannot be used in a causal decoder. Use a router that "
                + "looks at one token at a time (top-k), or a model that sees whole sequences.");
        }

        routing = Route(x, context, out Tensor tokens);
        Tensor slots = SlotMixOp.Apply(routing.Dispatch, tokens, context.GroupStarts, toSlots: true); // [P·S, D]
        Indices offsets = x.Scope!.NewIndices(Experts.Count + 1);
        for (int e = 0; e <= Experts.Count; e++)
        {
            offsets[e] = e * SlotsPerExpert * context.GroupCount;
        }

        return SlotMixOp.Apply(routing.Combine, Experts.Forward(slots, offsets), context.GroupStarts, toSlots: false);
    }

    /// <summary>The weights, and the tokens as experts see them.</summary>
    internal SoftRouting Route(Tensor x, RoutingContext context, out Tensor tokens)
    {
        Tensor compared = Normalize(x.Scope!, x, TokenNormWeight);
        tokens = _norm == SlotNorm.Unit ? x : compared;
        Tensor logits = LinearOp.Apply(compared, Normalize(x.Scope!, Slots.Value, SlotNormWeight));
        if (Scale is not null)
        {
            logits = ScalarScaleOp.Apply(logits, Scale.Value, limit: null);
        }

        if (context.Padding is not null)
        {
            logits = MaskRowsOp.Apply(logits, context.Padding);
        }

        return new SoftRouting(logits, SegmentSoftmaxOp.Apply(logits, context.GroupStarts), SoftmaxOp.Apply(logits));
    }

    private static Parameter Ones(string name, int size)
    {
        Tensor value = Tensor.Uninitialized(new TensorShape(size));
        value.Fill(1);
        return new Parameter(name, value);
    }

    private Tensor Normalize(TensorScope scope, Tensor rows, Parameter? weight) => _norm switch
    {
        SlotNorm.Unit => UnitRowsOp.Apply(scope, rows, UnitEpsilon, floor: false),
        SlotNorm.RootSize => RowWeightOp.Apply(
            UnitRowsOp.Apply(scope, rows, UnitRowsOp.FloorEpsilon, floor: true), weight!.Value, MathF.Sqrt(rows.Columns)),
        _ => LayerNormOp.Apply(Copy(scope, rows), weight!.Value, null, LayerEpsilon),
    };

    /// <summary>Rows in the scope, so that operations on them find their place.</summary>
    private static Tensor Copy(TensorScope scope, Tensor rows) =>
        rows.Scope is not null ? rows : AddOp.Apply(scope.Zeros(rows.Shape), rows);
}
