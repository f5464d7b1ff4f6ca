using MoeSharp.Formats;
using MoeSharp.Models.Decoding;
using MoeSharp.Models.Decoding.Families;
using MoeSharp.Tensors;

namespace MoeSharp.Models.Conversion;

/// <summary>A tensor of another layout: its numbers are gathered from our parameters, and these from the model as it is stored.</summary>
/// <remarks>Runs that follow one another are read row by row; where rows are permuted or a matrix is transposed, one matrix of a stack (or
/// the whole matrix) is put together in memory.</remarks>
/// <param name="reader">The model as it is stored.</param>
/// <param name="binding">The tensor in the new layout.</param>
internal sealed class BoundTensor(WeightReader reader, WeightBinding binding) : PlannedTensor(binding.Tensor, binding.Shape.ToArray())
{
    private readonly WeightSegment[] _segments = [.. binding.Segments.OrderBy(segment => segment.TensorStart)];

    public override StoredType? StoredAs
    {
        get
        {
            StoredType[] types = [.. _segments.Select(segment => segment.Parameter).Distinct().SelectMany(reader.TypesOf).Distinct()];
            return types.Length == 1 ? types[0] : null;
        }
    }

    public override long StoredBytes => (long)_segments.GroupBy(segment => segment.Parameter, StringComparer.Ordinal).Sum(
        group => (double)group.Sum(segment => segment.Length) * reader.BytesPerElement(group.Key));

    // A permutation of rows leaves columns alone, a transposition does not.
    public override string? Parameter => Array.TrueForAll(_segments, segment => segment.ColumnStride == 1) ? _segments[0].Parameter : null;

    // Our own names, which are the same for every layout.
    public override string Part => _segments[0].Parameter switch
    {
        var name when name.StartsWith("embedding", StringComparison.Ordinal) => "embedding",
        var name when name.StartsWith("head", StringComparison.Ordinal) => "head",
        var name when name.Contains(".attention.", StringComparison.Ordinal) => "attention",
        var name when name.Contains(".router", StringComparison.Ordinal) || name.Contains("sigmoid_projection", StringComparison.Ordinal) => "router",
        var name when name.Contains(".shared.", StringComparison.Ordinal) => "sharedExperts",
        var name when name.Contains(".experts.", StringComparison.Ordinal) => "experts",
        var name when name.Contains(".feed_forward.", StringComparison.Ordinal) => "feedForward",
        _ => "norms",
    };

    private bool IsContiguous => Array.TrueForAll(_segments, segment => segment.IsContiguous);

    public override IEnumerable<ValuePiece> Pieces(long start, long length) => IsContiguous ? Runs(start, length) : Matrices(start, length);

    /// <summary>Blocks as they are stored, in the order of the new tensor; null where rows do not stay whole.</summary>
    public override IEnumerable<ReadOnlyMemory<byte>>? RawBytes()
    {
        if (StoredAs?.Format() is not { IsFloat: false } format || Columns % format.BlockLength != 0
            || !Array.TrueForAll(_segments, segment => WeightReader.HasWholeRows(segment, Columns)))
        {
            return null;
        }

        var rows = new Dictionary<string, StoredRows>(StringComparer.Ordinal);
        foreach (string parameter in _segments.Select(segment => segment.Parameter).Distinct(StringComparer.Ordinal))
        {
            if (reader.RowsOf(parameter, Columns) is not { } stored)
            {
                return null;
            }

            rows.Add(parameter, stored);
        }

        return IsContiguous ? RawRuns(rows, checked((int)format.BytesOf(Columns))) : RawMatrices(rows, checked((int)format.BytesOf(Columns)));
    }

    private IEnumerable<ReadOnlyMemory<byte>> RawRuns(Dictionary<string, StoredRows> stored, int rowBytes)
    {
        byte[] buffer = [];
        int rowsAtOnce = (int)Math.Max(1, PieceLength / Columns);
        foreach (WeightSegment segment in _segments)
        {
            long rows = segment.Length / Columns;
            for (long done = 0; done < rows; done += rowsAtOnce)
            {
                int count = (int)Math.Min(rowsAtOnce, rows - done);
                buffer = buffer.Length >= count * rowBytes ? buffer : new byte[count * rowBytes];
                stored[segment.Parameter].Read((segment.ParameterStart / Columns) + done, buffer.AsSpan(0, count * rowBytes));
                yield return buffer.AsMemory(0, count * rowBytes);
            }
        }
    }

    // Rows are permuted: one matrix of a stack, or the whole matrix, is put together.
    private IEnumerable<ReadOnlyMemory<byte>> RawMatrices(Dictionary<string, StoredRows> stored, int rowBytes)
    {
        long matrix = Shape.Count >= 3 && Shape[0] > 0 ? Length / Shape[0] : Length;
        byte[] published = new byte[checked((int)(matrix / Columns * rowBytes))], run = [];
        for (long at = 0; at < Length; at += matrix)
        {
            foreach (WeightSegment segment in _segments.Where(segment => segment.TensorStart >= at && segment.TensorStart < at + matrix))
            {
                int bytes = checked((int)(segment.Length / Columns * rowBytes));
                run = run.Length >= bytes ? run : new byte[bytes];
                stored[segment.Parameter].Read(segment.ParameterStart / Columns, run.AsSpan(0, bytes));
                int together = segment.IsContiguous ? bytes : checked((int)(segment.Columns / Columns * rowBytes));
                for (int done = 0, block = 0; done < bytes; done += together, block++)
                {
                    long row = (segment.TensorStart - at + (block * segment.RowStride)) / Columns;
                    run.AsSpan(done, together).CopyTo(published.AsSpan(checked((int)(row * rowBytes))));
                }
            }

            yield return published;
        }
    }

    private IEnumerable<ValuePiece> Runs(long start, long length)
    {
        long end = start + length;
        Tensor? buffer = null;
        foreach (WeightSegment segment in _segments)
        {
            long from = Math.Max(start, segment.TensorStart), to = Math.Min(end, segment.TensorStart + segment.Length);
            long piece = RowsPiece(Columns);
            for (long at = from; at < to; at += piece)
            {
                Tensor values = Sized(ref buffer, Math.Min(piece, to - at));
                reader.ReadRange(segment.Parameter, segment.ParameterStart + (at - segment.TensorStart), values);
                yield return new ValuePiece(at, values);
            }
        }
    }

    private IEnumerable<ValuePiece> Matrices(long start, long length)
    {
        long matrix = Shape.Count >= 3 && Shape[0] > 0 ? Length / Shape[0] : Length;
        if (start % matrix != 0 || length % matrix != 0)
        {
            throw new ArgumentException($"tensor '{Name}': elements {start} to {start + length} are no whole matrices of {matrix}.");
        }

        Tensor published = Tensor.Uninitialized(new TensorShape(matrix));
        Tensor? run = null;
        for (long at = start; at < start + length; at += matrix)
        {
            foreach (WeightSegment segment in _segments.Where(segment => segment.TensorStart >= at && segment.TensorStart < at + matrix))
            {
                reader.ReadRange(segment.Parameter, segment.ParameterStart, Sized(ref run, segment.Length));
                WeightTransfer.Write(
                    segment.IsContiguous
                        ? new WeightSegment(segment.Parameter, 0, segment.TensorStart - at, segment.Length)
                        : WeightSegment.Block(
                            segment.Parameter, 0, segment.Rows, segment.Columns, segment.TensorStart - at, segment.RowStride, segment.ColumnStride),
                    run!, published);
            }

            yield return new ValuePiece(at, published);
        }
    }
}
