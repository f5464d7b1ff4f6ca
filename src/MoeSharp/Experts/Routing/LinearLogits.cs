using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Experts.Routing;

/// <summary>Router logits by a matrix: <c>h = x·Wᵀ + b</c>.</summary>
/// <param name="hasBias">True for a learned bias (gpt-oss); not to be confused with <see cref="ExpertBias"/>.</param>
/// <param name="standardDeviation">Of the starting weights; 0 starts balanced (Shazeer).</param>
public sealed class LinearLogits(bool hasBias = false, float standardDeviation = 0.02f) : LogitSource
{
    private Parameter? _weight;

    /// <summary>The matrix <c>[E, D]</c>.</summary>
    public Parameter Weight => _weight ?? throw new InvalidOperationException("router: it has no weight yet. Give it to a MoeLayer first.");

    /// <summary>The bias <c>[E]</c>, if there is one.</summary>
    public Parameter? Bias { get; private set; }

    /// <inheritdoc/>
    public override IEnumerable<Parameter> Parameters => Bias is null ? [Weight] : [Weight, Bias];

    /// <inheritdoc/>
    public override void Initialize(string name, int hiddenSize, int expertCount, Rng? rng)
    {
        _weight = new Parameter(name + ".weight", new TensorShape(expertCount, hiddenSize));
        rng?.FillNormal(_weight.Value.Span, standardDeviation);
        Bias = hasBias ? new Parameter(name + ".bias", Tensor.Zeros(new TensorShape(expertCount))) : null;
    }

    /// <inheritdoc/>
    public override Tensor Apply(Tensor x) => LinearOp.Apply(x, Weight, Bias?.Value);
}
