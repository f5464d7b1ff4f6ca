using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;

namespace MoeSharp.Experts.Banks;

/// <summary>Several banks as one, their experts numbered one after another.</summary>
/// <remarks>The layer runs each part on its own rows; a part that is zero costs nothing.</remarks>
internal sealed class MixedBank(ExpertBank[] parts) : ExpertBank(parts.Sum(part => part.Count))
{
    private readonly ExpertBank[] _parts = [.. parts.SelectMany(part => part.Parts)];

    /// <inheritdoc/>
    public override IReadOnlyList<ExpertBank> Parts => _parts;

    /// <inheritdoc/>
    public override IEnumerable<Parameter> Parameters => _parts.SelectMany(part => part.Parameters);

    /// <inheritdoc/>
    public override Tensor Forward(Tensor rows, Indices offsets) =>
        throw new InvalidOperationException("experts: a mixed bank has no common rows. Run its parts.");

    /// <inheritdoc/>
    internal override void Initialize(string name, int hiddenSize, Rng? rng)
    {
        for (int i = 0; i < _parts.Length; i++)
        {
            _parts[i].Initialize($"{name}.{i}", hiddenSize, rng);
        }
    }
}
