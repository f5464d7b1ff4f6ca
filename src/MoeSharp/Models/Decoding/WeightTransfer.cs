using MoeSharp.Formats;
using MoeSharp.Models.Decoding.Families;
using MoeSharp.Tensors;

namespace MoeSharp.Models.Decoding;

/// <summary>Moves the numbers of one segment between a published tensor and ours.</summary>
internal static class WeightTransfer
{
    private const int Chunk = 1 << 28;

    /// <summary>Reads a segment as float32 into the flattened parameter.</summary>
    public static void Read(TensorSource source, StoredTensor stored, in WeightSegment segment, Tensor target)
    {
        if (segment.IsContiguous)
        {
            for (long done = 0; done < segment.Length;)
            {
                int length = (int)Math.Min(segment.Length - done, Chunk);
                source.ReadFloat32(stored, segment.TensorStart + done, target.SpanAt(segment.ParameterStart + done, length));
                done += length;
            }
        }
        else if (segment.ColumnStride == 1)
        {
            for (long row = 0; row < segment.Rows; row++)
            {
                source.ReadFloat32(
                    stored, segment.TensorStart + (row * segment.RowStride),
                    target.SpanAt(segment.ParameterStart + (row * segment.Columns), (int)segment.Columns));
            }
        }
        else
        {
            ReadAcross(source, stored, segment, target);
        }
    }

    /// <summary>Writes the run of a segment to its place in a published tensor.</summary>
    public static void Write(in WeightSegment segment, Tensor run, Tensor published)
    {
        for (long row = 0; row < segment.Rows; row++)
        {
            ReadOnlySpan<float> ours = run.SpanAt(row * segment.Columns, (int)segment.Columns);
            long start = segment.TensorStart + (row * segment.RowStride);
            if (segment.ColumnStride == 1)
            {
                ours.CopyTo(published.SpanAt(start, ours.Length));
                continue;
            }

            for (int column = 0; column < ours.Length; column++)
            {
                published.SpanAt(start + (column * segment.ColumnStride), 1)[0] = ours[column];
            }
        }
    }

    // Transposed: what is a row in the file is a column of ours. Whole rows of the file are read, and their numbers spread.
    private static void ReadAcross(TensorSource source, StoredTensor stored, in WeightSegment segment, Tensor target)
    {
        int length = checked((int)(((segment.Rows - 1) * segment.RowStride) + 1));
        float[] line = new float[length];
        for (long column = 0; column < segment.Columns; column++)
        {
            source.ReadFloat32(stored, segment.TensorStart + (column * segment.ColumnStride), line);
            for (long row = 0; row < segment.Rows; row++)
            {
                target.SpanAt(segment.ParameterStart + (row * segment.Columns) + column, 1)[0] = line[row * segment.RowStride];
            }
        }
    }
}
