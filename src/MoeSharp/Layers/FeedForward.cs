using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Layers;

/// <summary>The dense gated feed-forward network (SwiGLU when the activation is SiLU).</summary>
/// <remarks>
/// <para>Shapes: <c>x [T, D]</c> → <c>[T, D]</c>, width F inside. Formula: <c>down(act(gate·x) ∘ up·x)</c>.</para>
/// <para>Source: Shazeer 2020, arXiv:2002.05202.</para>
/// </remarks>
public sealed class FeedForward
{
    private readonly Activation _activation;

    /// <summary>Creates the network with undefined weights.</summary>
    /// <param name="name">Path in the model.</param>
    /// <param name="hiddenSize">D, the width outside.</param>
    /// <param name="intermediateSize">F, the width inside.</param>
    /// <param name="activation">Applied to the gate projection.</param>
    /// <param name="hasBias">True for a bias on all three projections.</param>
    public FeedForward(
        string name,
        int hiddenSize,
        int intermediateSize,
        Activation activation = Activation.Silu,
        bool hasBias = false)
    {
        GateProjection = new Linear(name + ".gate_projection", hiddenSize, intermediateSize, hasBias);
        UpProjection = new Linear(name + ".up_projection", hiddenSize, intermediateSize, hasBias);
        DownProjection = new Linear(name + ".down_projection", intermediateSize, hiddenSize, hasBias);
        _activation = activation;
    }

    /// <summary>The projection whose result is activated, <c>[F, D]</c>.</summary>
    public Linear GateProjection { get; }

    /// <summary>The projection that is multiplied with it, <c>[F, D]</c>.</summary>
    public Linear UpProjection { get; }

    /// <summary>The way back, <c>[D, F]</c>.</summary>
    public Linear DownProjection { get; }

    /// <summary>Those of the gate, up and down projections.</summary>
    public IEnumerable<Parameter> Parameters =>
        [.. GateProjection.Parameters, .. UpProjection.Parameters, .. DownProjection.Parameters];

    /// <summary>Applies the network to <c>x [T, D]</c>.</summary>
    public Tensor Forward(Tensor x)
    {
        Tensor inside = GatedActivationOp.Apply(GateProjection.Forward(x), UpProjection.Forward(x), _activation); // [T, F]
        return DownProjection.Forward(inside);
    }
}
