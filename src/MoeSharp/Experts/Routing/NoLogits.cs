using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;

namespace MoeSharp.Experts.Routing;

/// <summary>No logits, for routers that look experts up: zeros, without parameters.</summary>
public sealed class NoLogits : LogitSource
{
    private int _expertCount;

    /// <inheritdoc/>
    public override bool IsEmpty => true;

    /// <inheritdoc/>
    public override IEnumerable<Parameter> Parameters => [];

    /// <inheritdoc/>
    public override void Initialize(string name, int hiddenSize, int expertCount, Rng? rng) => _expertCount = expertCount;

    /// <inheritdoc/>
    public override Tensor Apply(Tensor x) => x.Scope!.Zeros(new TensorShape(x.Rows, _expertCount));
}
