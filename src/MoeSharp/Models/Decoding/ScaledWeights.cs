using MoeSharp.Formats;
using MoeSharp.Models.Decoding.Families;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Models.Decoding;

/// <summary>A parameter of 8-bit floats as it is stored: the numbers where they lie, and their scales beside them.</summary>
/// <remarks>A matrix that is one run of published rows is mapped; one that is put together from several is copied, still as 8-bit
/// floats. Scales are read into memory: one for 16,384 numbers.</remarks>
/// <param name="source">The checkpoint.</param>
/// <param name="parts">The parts of the parameter, all of 8-bit floats.</param>
/// <param name="map">Maps a file; null to copy.</param>
internal sealed class ScaledWeights(
    TensorSource source, IReadOnlyList<(StoredTensor Stored, WeightSegment Segment)> parts, Func<StoredTensor, MappedFile>? map)
{
    private readonly Dictionary<StoredTensor, float[]?> _scales = [];

    /// <summary>The parameter; null where its rows are cut or transposed in the file.</summary>
    /// <exception cref="ModelFormatException">The file has shrunk.</exception>
    public PackedWeight? Read(TensorShape shape)
    {
        if (shape.Rank is not (2 or 3) || shape.Length == 0 || parts.Any(part =>
            part.Stored.Shape.Count < 2 || part.Stored.Shape[^1] != shape.Columns || !WeightReader.HasWholeRows(part.Segment, shape.Columns)))
        {
            return null;
        }

        int count = shape.Rank == 3 ? checked((int)shape[0]) : 1;
        long rows = shape.Rows / count;
        List<Run>[] runs = RunsOf(shape.Columns, rows, count);
        var experts = new PackedWeight[count];
        for (int e = 0; e < count; e++)
        {
            experts[e] = Matrix(runs[e], new TensorShape(rows, shape.Columns));
        }

        return shape.Rank == 3 ? PackedWeight.Stack(experts) : experts[0];
    }

    // Runs of rows of each matrix, by their first row.
    private List<Run>[] RunsOf(long columns, long rows, int count)
    {
        List<Run>[] runs = [.. Enumerable.Range(0, count).Select(_ => new List<Run>())];
        foreach ((StoredTensor stored, WeightSegment segment) in parts)
        {
            long blockRows = segment.IsContiguous ? segment.Length / columns : segment.Columns / columns;
            for (long block = 0; block < segment.Length / columns / blockRows; block++)
            {
                long ours = (segment.ParameterStart / columns) + (block * blockRows);
                long theirs = (segment.TensorStart + (block * segment.RowStride)) / columns;
                for (long done = 0; done < blockRows;)
                {
                    // A run ends with the matrix of ours, and with the published matrix, whose scales start anew.
                    long published = stored.Shape[^2], at = ours + done, from = theirs + done;
                    long length = Math.Min(blockRows - done, Math.Min(rows - (at % rows), published - (from % published)));
                    runs[at / rows].Add(new Run(stored, at % rows, from, length));
                    done += length;
                }
            }
        }

        foreach (List<Run> list in runs)
        {
            list.Sort((a, b) => a.First.CompareTo(b.First));
        }

        return runs;
    }

    private PackedWeight Matrix(List<Run> runs, TensorShape shape)
    {
        int columns = checked((int)shape.Columns);
        PackedWeight weight;
        if (map is not null && runs is [var only] && source.IsInFile(only.Stored))
        {
            weight = new PackedWeight(BlockFormats.F8E4M3, shape, map(only.Stored), only.Stored.Offset + (only.From * columns));
        }
        else
        {
            weight = new PackedWeight(BlockFormats.F8E4M3, shape);
            foreach (Run run in runs)
            {
                for (long row = 0; row < run.Length; row++)
                {
                    source.ReadBytes(run.Stored, (run.From + row) * columns, weight.Bytes((run.First + row) * columns, columns));
                }
            }
        }

        return weight.WithScales(ScalesOf(runs, columns));
    }

    private BlockScales ScalesOf(List<Run> runs, int columns)
    {
        int scaleColumns = (int)BlockScales.Blocks(columns);
        var values = new List<float>();
        var scaleRuns = new List<ScaleRun>();
        foreach (Run run in runs)
        {
            if (!_scales.TryGetValue(run.Stored, out float[]? scales))
            {
                _scales.Add(run.Stored, scales = source.ReadScales(run.Stored));
            }

            if (scales is null)
            {
                throw new ModelFormatException(run.Stored.File, $"tensor '{run.Stored.Name}'", run.Stored.Offset,
                    $"is F8_E4M3 without scales: there is no '{run.Stored.Name}_scale_inv'. 8-bit floats are read with scales of "
                    + $"{BlockScales.BlockLength} × {BlockScales.BlockLength} numbers only.");
            }

            long published = run.Stored.Shape[^2], inside = run.From % published;
            long firstScale = (run.From / published * BlockScales.Blocks(published)) + (inside / BlockScales.BlockLength);
            int skipped = (int)(inside % BlockScales.BlockLength), used = (int)BlockScales.Blocks(skipped + run.Length);
            scaleRuns.Add(new ScaleRun((int)run.First, values.Count / scaleColumns, skipped));
            values.AddRange(scales.AsSpan(checked((int)(firstScale * scaleColumns)), used * scaleColumns));
        }

        return new BlockScales([.. values], scaleColumns, scaleRuns);
    }

    /// <summary>Consecutive rows of ours that are consecutive rows of a published tensor.</summary>
    private readonly record struct Run(StoredTensor Stored, long First, long From, long Length);
}
