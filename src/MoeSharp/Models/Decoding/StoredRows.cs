using MoeSharp.Formats;
using MoeSharp.Models.Decoding.Families;
using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Models.Decoding;

/// <summary>Rows of a parameter as they are stored in one block format: their bytes, whatever their order in the file.</summary>
/// <param name="source">The checkpoint.</param>
/// <param name="format">The format of all parts.</param>
/// <param name="columns">Elements of a row.</param>
/// <param name="parts">The parts; each of whole rows.</param>
internal sealed class StoredRows(
    TensorSource source, BlockFormat format, long columns, IEnumerable<(StoredTensor Stored, WeightSegment Segment)> parts)
{
    private readonly (StoredTensor Stored, WeightSegment Segment)[] _parts = [.. parts.OrderBy(part => part.Segment.ParameterStart)];
    private readonly int _rowBytes = checked((int)format.BytesOf(columns));

    /// <summary>Reads consecutive rows of ours.</summary>
    /// <param name="first">The first row.</param>
    /// <param name="bytes">Whole rows; filled completely.</param>
    public void Read(long first, Span<byte> bytes)
    {
        int part = Find(first);
        while (bytes.Length > 0)
        {
            (StoredTensor stored, WeightSegment segment) = _parts[part];
            long inside = first - (segment.ParameterStart / columns), rows = segment.Length / columns;
            if (inside >= rows)
            {
                part++;
                continue;
            }

            // A block of the file: rows that follow one another there too.
            long together = segment.IsContiguous ? rows : segment.Columns / columns;
            long theirs = ((segment.TensorStart + (inside / together * segment.RowStride)) / columns) + (inside % together);
            int count = (int)Math.Min(bytes.Length / _rowBytes, together - (inside % together));
            source.ReadBytes(stored, theirs * _rowBytes, bytes[..(count * _rowBytes)]);
            bytes = bytes[(count * _rowBytes)..];
            first += count;
        }
    }

    private int Find(long row)
    {
        int low = 0, high = _parts.Length - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            (low, high) = _parts[middle].Segment.ParameterStart <= row * columns ? (middle, high) : (low, middle - 1);
        }

        return low;
    }
}
