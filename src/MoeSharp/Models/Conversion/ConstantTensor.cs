using MoeSharp.Formats;
using MoeSharp.Tensors;

namespace MoeSharp.Models.Conversion;

/// <summary>A small tensor that says a fact of the model, not a weight: divisors of rotary frequencies.</summary>
/// <param name="name">Its name in the new file.</param>
/// <param name="values">Its numbers.</param>
internal sealed class ConstantTensor(string name, float[] values) : PlannedTensor(name, [values.Length])
{
    public override StoredType? StoredAs => StoredType.F32;

    public override long StoredBytes => sizeof(float) * Length;

    public override string Part => GgufTensorName.Parse(Name).Part;

    public override IEnumerable<ValuePiece> Pieces(long start, long length)
    {
        yield return new ValuePiece(start, Tensor.From(values.AsSpan((int)start, (int)length), new TensorShape(length)));
    }
}
