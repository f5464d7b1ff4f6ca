using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Experts.Banks;

/// <summary>Experts that return a learned vector, whatever the input.</summary>
/// <remarks>Source: MoE++, arXiv:2410.07348 (there mixed with the input; here the vector alone).</remarks>
internal sealed class ConstantBank(int count) : ExpertBank(count)
{
    private Parameter? _vectors;

    /// <inheritdoc/>
    public override IEnumerable<Parameter> Parameters => _vectors is null ? [] : [_vectors];

    /// <inheritdoc/>
    public override Tensor Forward(Tensor rows, Indices offsets)
    {
        Indices expertOfRow = rows.Scope!.NewIndices(rows.Rows);
        for (int e = 0; e < Count; e++)
        {
            expertOfRow.Span[offsets[e]..offsets[e + 1]].Fill(e);
        }

        return EmbeddingOp.Apply(rows.Scope, _vectors!.Value, expertOfRow);
    }

    /// <inheritdoc/>
    internal override void Initialize(string name, int hiddenSize, Rng? rng) =>
        _vectors = new Parameter(name + ".constants", Tensor.Zeros(new TensorShape(Count, hiddenSize)));
}
