using MoeSharp.Experts.Ops;
using MoeSharp.Layers;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Experts;

/// <summary>A dense network beside the experts, mixed with them by two learned coefficients a token.</summary>
/// <remarks>
/// <para>Formula: <c>y = c₀·moe(x) + c₁·mlp(x)</c>, <c>[c₀, c₁] = softmax(x·W + b)</c>.</para>
/// <para>Source: Residual-MoE of DeepSpeed-MoE, arXiv:2201.05596 (its code; the paper prints the plain sum).</para>
/// </remarks>
/// <param name="intermediateSize">F of the dense network.</param>
/// <param name="activation">Inside it.</param>
/// <param name="hasBias">True for a bias on its projections.</param>
public sealed class ResidualExpert(int intermediateSize, Activation activation = Activation.Silu, bool hasBias = false)
{
    private FeedForward? _network;
    private Linear? _coefficients;

    /// <summary>The dense network.</summary>
    public FeedForward Network => _network
        ?? throw new InvalidOperationException("residual expert: it has no weights yet. Give it to a MoeLayer first.");

    /// <summary>The layer <c>[2, D]</c> that makes the coefficients.</summary>
    public Linear Coefficients => _coefficients!;

    /// <summary>The trainable tensors.</summary>
    public IEnumerable<Parameter> Parameters => [.. Network.Parameters, .. Coefficients.Parameters];

    /// <summary>Mixes the experts' result <c>[T, D]</c> with the dense network of <c>x [T, D]</c>.</summary>
    public Tensor Mix(Tensor experts, Tensor x) =>
        MixOp.Apply(experts, Network.Forward(x), SoftmaxOp.Apply(Coefficients.Forward(x)));

    /// <summary>Makes the parameters.</summary>
    internal void Initialize(string name, int hiddenSize, Rng? rng)
    {
        _network = new FeedForward(name, hiddenSize, intermediateSize, activation, hasBias);
        _coefficients = new Linear(name + ".coefficients", hiddenSize, 2, hasBias: true);
        StartingWeights.Fill(Parameters, rng);
    }
}
