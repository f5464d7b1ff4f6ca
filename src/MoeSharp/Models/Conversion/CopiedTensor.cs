using MoeSharp.Formats;
using MoeSharp.Tensors;

namespace MoeSharp.Models.Conversion;

/// <summary>A tensor that keeps name and order of its numbers: from one GGUF file to another.</summary>
/// <param name="source">The file.</param>
/// <param name="stored">The tensor in it.</param>
/// <param name="parameter">The parameter whose columns are its columns; null when none is known.</param>
internal sealed class CopiedTensor(TensorSource source, StoredTensor stored, string? parameter) : PlannedTensor(stored.Name, stored.Shape)
{
    private const int RawBytesAtOnce = 1 << 22;

    public override StoredType? StoredAs => stored.Type;

    public override long StoredBytes => stored.ByteLength;

    public override string? Parameter => parameter;

    public override string Part => GgufTensorName.Parse(Name).Part;

    public override IEnumerable<ValuePiece> Pieces(long start, long length)
    {
        long piece = RowsPiece(Columns);
        Tensor? buffer = null;
        for (long done = 0; done < length; done += piece)
        {
            Tensor part = Sized(ref buffer, Math.Min(piece, length - done));
            source.ReadFloat32(stored, start + done, part.Span);
            yield return new ValuePiece(start + done, part);
        }
    }

    public override IEnumerable<ReadOnlyMemory<byte>> RawBytes()
    {
        byte[] buffer = new byte[Math.Min(RawBytesAtOnce, stored.ByteLength)];
        for (long done = 0; done < stored.ByteLength;)
        {
            int count = (int)Math.Min(buffer.Length, stored.ByteLength - done);
            source.ReadBytes(stored, done, buffer.AsSpan(0, count));
            yield return buffer.AsMemory(0, count);
            done += count;
        }
    }
}
