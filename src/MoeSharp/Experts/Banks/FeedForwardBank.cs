using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Experts.Banks;

/// <summary>Experts that are feed-forward networks of one width.</summary>
/// <remarks>
/// <para>Shapes: <c>rows [N, D]</c> → <c>[N, D]</c>; gate and up <c>[E, F, D]</c>, down <c>[E, D, F]</c>, biases <c>[E, F]</c>, <c>[E, D]</c>.</para>
/// <para>Formula: gated <c>down(act(gate·x) ∘ up·x)</c>, otherwise <c>down(act(up·x))</c>. Work: 6·N·D·F flops gated, 4·N·D·F otherwise.</para>
/// </remarks>
public sealed class FeedForwardBank : ExpertBank
{
    private const float StartingDeviation = 0.02f; // as GPT-2 and most decoders since

    private readonly bool _gated;
    private readonly bool _hasBias;
    private readonly ClampedSwiGlu? _clamp;
    private Parameter? _up;
    private Parameter? _down;

    /// <summary>Describes the experts; the layer makes their weights.</summary>
    /// <param name="count">E.</param>
    /// <param name="intermediateSize">F.</param>
    /// <param name="activation">Inside every expert.</param>
    /// <param name="gated">True for two projections up, one activated, multiplied.</param>
    /// <param name="hasBias">True for a bias on every projection.</param>
    /// <param name="clamp">Replaces the activation of gated experts; null for none.</param>
    public FeedForwardBank(
        int count, int intermediateSize, Activation activation, bool gated = true, bool hasBias = false, ClampedSwiGlu? clamp = null)
        : base(count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(intermediateSize, 1);
        IntermediateSize = intermediateSize;
        Activation = activation;
        _gated = gated;
        _hasBias = hasBias;
        _clamp = clamp;
    }

    /// <summary>F.</summary>
    public int IntermediateSize { get; }

    /// <summary>Inside every expert.</summary>
    public Activation Activation { get; }

    /// <summary>The projections that are activated <c>[E, F, D]</c>; null when not gated.</summary>
    public Parameter? GateProjection { get; private set; }

    /// <summary>The projections up <c>[E, F, D]</c>.</summary>
    public Parameter UpProjection => _up ?? throw NoWeights();

    /// <summary>The projections down <c>[E, D, F]</c>.</summary>
    public Parameter DownProjection => _down ?? throw NoWeights();

    /// <summary>Bias of the gate projections <c>[E, F]</c>, if there is one.</summary>
    public Parameter? GateBias { get; private set; }

    /// <summary>Bias of the projections up <c>[E, F]</c>, if there is one.</summary>
    public Parameter? UpBias { get; private set; }

    /// <summary>Bias of the projections down <c>[E, D]</c>, if there is one.</summary>
    public Parameter? DownBias { get; private set; }

    /// <inheritdoc/>
    public override IEnumerable<Parameter> Parameters =>
        new[] { GateProjection, GateBias, UpProjection, UpBias, DownProjection, DownBias }.OfType<Parameter>();

    /// <inheritdoc/>
    public override Tensor Forward(Tensor rows, Indices offsets)
    {
        Tensor up = GroupedLinearOp.Apply(rows, UpProjection, offsets, UpBias?.Value); // [N, F]
        Tensor inside; // [N, F]
        if (GateProjection is null)
        {
            inside = ActivationOp.Apply(up, Activation);
        }
        else
        {
            Tensor projected = GroupedLinearOp.Apply(rows, GateProjection, offsets, GateBias?.Value);
            inside = _clamp is { } clamp
                ? ClampedSwiGluOp.Apply(projected, up, clamp.Alpha, clamp.Limit)
                : GatedActivationOp.Apply(projected, up, Activation);
        }

        return GroupedLinearOp.Apply(inside, DownProjection, offsets, DownBias?.Value);
    }

    /// <inheritdoc/>
    internal override void Initialize(string name, int hiddenSize, Rng? rng)
    {
        GateProjection = _gated ? Weight(name + ".gate_projection", new TensorShape(Count, IntermediateSize, hiddenSize), rng) : null;
        _up = Weight(name + ".up_projection", new TensorShape(Count, IntermediateSize, hiddenSize), rng);
        _down = Weight(name + ".down_projection", new TensorShape(Count, hiddenSize, IntermediateSize), rng);
        if (_hasBias)
        {
            GateBias = _gated ? Bias(name + ".gate_projection_bias", IntermediateSize) : null;
            UpBias = Bias(name + ".up_projection_bias", IntermediateSize);
            DownBias = Bias(name + ".down_projection_bias", hiddenSize);
        }
    }

    private static Parameter Weight(string name, TensorShape shape, Rng? rng)
    {
        var weight = new Parameter(name, shape) { CanPack = true };
        for (int e = 0; rng is not null && e < shape[0]; e++)
        {
            rng.FillNormal(weight.Value.Slice(e).Span, StartingDeviation);
        }

        return weight;
    }

    private static InvalidOperationException NoWeights() =>
        new("experts: the bank has no weights yet. Give it to a MoeLayer first.");

    private Parameter Bias(string name, int size) => new(name, Tensor.Zeros(new TensorShape(Count, size)));
}
