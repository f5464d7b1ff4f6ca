using MoeSharp.Layers;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Experts;

/// <summary>An expert that every token visits beside the routed ones; several shared experts are one of the summed width.</summary>
/// <remarks>
/// <para>Formula: <c>y = E(x)</c>, or <c>y = σ(x·w)·E(x)</c> with a sigmoid of its own (Qwen2-MoE).</para>
/// <para>Source: DeepSeekMoE, arXiv:2401.06066.</para>
/// </remarks>
/// <param name="intermediateSize">F of the shared expert, or the sum over several.</param>
/// <param name="hasSigmoid">True to multiply the result by a learned sigmoid of the token.</param>
/// <param name="activation">Inside the expert.</param>
/// <param name="hasBias">True for a bias on every projection.</param>
public sealed class SharedExpert(
    int intermediateSize,
    bool hasSigmoid = false,
    Activation activation = Activation.Silu,
    bool hasBias = false)
{
    private FeedForward? _network;

    /// <summary>F.</summary>
    public int IntermediateSize => intermediateSize;

    /// <summary>The expert itself.</summary>
    public FeedForward Network => _network
        ?? throw new InvalidOperationException("shared expert: it has no weights yet. Give it to a MoeLayer first.");

    /// <summary>The vector <c>[1, D]</c> of the sigmoid, if there is one.</summary>
    public Linear? SigmoidProjection { get; private set; }

    /// <summary>The trainable tensors.</summary>
    public IEnumerable<Parameter> Parameters => [.. Network.Parameters, .. SigmoidProjection?.Parameters ?? []];

    /// <summary>Runs the expert on <c>x [T, D]</c>.</summary>
    public Tensor Forward(Tensor x)
    {
        Tensor y = Network.Forward(x);
        return SigmoidProjection is null
            ? y
            : RowScaleOp.Apply(y, ActivationOp.Apply(SigmoidProjection.Forward(x), Activation.Sigmoid));
    }

    /// <summary>Makes the parameters.</summary>
    internal void Initialize(string name, int hiddenSize, Rng? rng)
    {
        _network = new FeedForward(name, hiddenSize, intermediateSize, activation, hasBias);
        SigmoidProjection = hasSigmoid ? new Linear(name + ".sigmoid_projection", hiddenSize, 1) : null;
        StartingWeights.Fill(Parameters, rng);
    }
}
