using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;

namespace MoeSharp.Experts.Banks;

/// <summary>Experts that return their input.</summary>
internal sealed class IdentityBank(int count) : ExpertBank(count)
{
    /// <inheritdoc/>
    public override IEnumerable<Parameter> Parameters => [];

    /// <inheritdoc/>
    public override Tensor Forward(Tensor rows, Indices offsets) => rows;

    /// <inheritdoc/>
    internal override void Initialize(string name, int hiddenSize, Rng? rng)
    {
    }
}
