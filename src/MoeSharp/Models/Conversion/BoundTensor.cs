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
