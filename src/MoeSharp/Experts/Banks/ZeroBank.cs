using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;

namespace MoeSharp.Experts.Banks;

/// <summary>Experts that return zero.</summary>
internal sealed class ZeroBank(int count) : ExpertBank(count)
{
    /// <inheritdoc/>
    public override IEnumerable<Parameter> Parameters => [];

    /// <inheritdoc/>
    internal override bool IsZero => true;

    /// <inheritdoc/>
    public override Tensor Forward(Tensor rows, Indices offsets) => rows.Scope!.Zeros(rows.Shape);

    /// <inheritdoc/>
    internal override void Initialize(string name, int hiddenSize, Rng? rng)
    {
    }
}
