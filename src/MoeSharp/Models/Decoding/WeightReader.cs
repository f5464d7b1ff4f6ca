using MoeSharp.Formats;
using MoeSharp.Models.Decoding.Families;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Models.Decoding;

/// <summary>Our parameters as a checkpoint holds them: values, or bytes as they are stored.</summary>
/// <remarks>Reads on demand and keeps nothing but the list of parts, so a conversion can take one parameter at a time.</remarks>
internal sealed class WeightReader
{
    private readonly TensorSource _source;
    private readonly Dictionary<string, List<(StoredTensor Stored, WeightSegment Segment)>> _parts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, MappedFile> _files = new(StringComparer.Ordinal);
    private Tensor? _block; // of the last run that had to be put together

    /// <summary>Lists the parts of every parameter; tensors must be there.</summary>
    public WeightReader(WeightMap map, TensorSource source)
    {
        _source = source;
        foreach (WeightBinding binding in map.Bindings)
        {
            StoredTensor stored = source.Find(binding.Tensor);
            foreach (WeightSegment segment in binding.Segments)
            {
                if (!_parts.TryGetValue(segment.Parameter, out List<(StoredTensor, WeightSegment)>? parts))
                {
                    _parts.Add(segment.Parameter, parts = []);
                }

                parts.Add((stored, segment));
            }
        }
    }

    /// <summary>The files that were mapped.</summary>
    public IReadOnlyCollection<MappedFile> MappedFiles => _files.Values;

    /// <summary>True where the checkpoint has the parameter.</summary>
    public bool Has(string parameter) => _parts.ContainsKey(parameter);

    /// <summary>The format that all parts of a parameter are stored in; null when they differ or it is none that can be multiplied.</summary>
    public BlockFormat? FormatOf(string parameter)
    {
        BlockFormat? format = _parts[parameter][0].Stored.Type.Format();
        return _parts[parameter].TrueForAll(part => part.Stored.Type.Format() == format) ? format : null;
    }

    /// <summary>Fills a tensor with the values of a parameter.</summary>
    public void Read(string parameter, Tensor target)
    {
        foreach ((StoredTensor stored, WeightSegment segment) in _parts[parameter])
        {
            WeightTransfer.Read(_source, stored, segment, target);
        }
    }

    /// <summary>Reads a run of a parameter's elements, and no more than it must: a conversion takes huge weights piece by piece.</summary>
    /// <param name="parameter">Its name.</param>
    /// <param name="start">First element of the flattened parameter.</param>
    /// <param name="target">Filled completely.</param>
    public void ReadRange(string parameter, long start, Tensor target)
    {
        long end = start + target.Length;
        foreach ((StoredTensor stored, WeightSegment segment) in _parts[parameter])
        {
            long from = Math.Max(start, segment.ParameterStart), to = Math.Min(end, segment.ParameterStart + segment.Length);
            if (from >= to)
            {
                continue;
            }

            if (segment.IsContiguous)
            {
                long skipped = from - segment.ParameterStart;
                WeightTransfer.Read(_source, stored, new WeightSegment(parameter, from - start, segment.TensorStart + skipped, to - from), target);
                continue;
            }

            // Whole rows of the block, of which the wanted part is taken.
            long first = (from - segment.ParameterStart) / segment.Columns;
            long rows = ((to - segment.ParameterStart + segment.Columns - 1) / segment.Columns) - first;
            Tensor block = _block = _block?.Length == rows * segment.Columns ? _block : Tensor.Uninitialized(new TensorShape(rows * segment.Columns));
            WeightTransfer.Read(_source, stored, WeightSegment.Block(
                parameter, 0, rows, segment.Columns, segment.TensorStart + (first * segment.RowStride), segment.RowStride, segment.ColumnStride), block);
            long inside = from - segment.ParameterStart - (first * segment.Columns);
            for (long done = 0; done < to - from;)
            {
                int length = (int)Math.Min(to - from - done, 1 << 28);
                block.SpanAt(inside + done, length).CopyTo(target.SpanAt(from - start + done, length));
                done += length;
            }

            GC.KeepAlive(block);
        }

        GC.KeepAlive(target);
    }

    /// <summary>The types that the parts of a parameter are stored in.</summary>
    public IEnumerable<StoredType> TypesOf(string parameter) => _parts[parameter].Select(part => part.Stored.Type).Distinct();

    /// <summary>Bytes that an element of a parameter takes as it is stored, on average.</summary>
    public double BytesPerElement(string parameter) =>
        _parts[parameter].Sum(part => (double)part.Segment.Length * part.Stored.ByteLength / Math.Max(1, part.Stored.ElementCount))
        / Math.Max(1, _parts[parameter].Sum(part => part.Segment.Length));

    /// <summary>The rows of a parameter as they are stored; null when no single block format holds it, or its rows are cut or transposed in
    /// the file.</summary>
    /// <param name="parameter">Its name.</param>
    /// <param name="columns">Elements of a row.</param>
    public StoredRows? RowsOf(string parameter, long columns) =>
        FormatOf(parameter) is { IsFloat: false } format && columns % format.BlockLength == 0
            && _parts[parameter].TrueForAll(part => HasWholeRows(part.Segment, columns))
            ? new StoredRows(_source, format, columns, _parts[parameter])
            : null;

    /// <summary>A parameter as it is stored: mapped where it lies in one piece, otherwise put together from whole rows.</summary>
    /// <returns>Null when no single format holds it, or its rows are cut or transposed in the file.</returns>
    public PackedWeight? ReadStored(string parameter, TensorShape shape, bool maps)
    {
        List<(StoredTensor Stored, WeightSegment Segment)> parts = _parts[parameter];
        if (FormatOf(parameter) is not { } format)
        {
            return parts.Exists(part => part.Stored.Type == StoredType.F8E4M3) ? null : ReadStack(parts, shape, maps);
        }

        if (format == BlockFormats.F8E4M3)
        {
            return new ScaledWeights(_source, parts, maps ? Map : null).Read(shape);
        }

        if (shape.Columns % format.BlockLength != 0)
        {
            return null;
        }

        if (!parts.TrueForAll(part => HasWholeRows(part.Segment, shape.Columns)))
        {
            return format.IsFloat ? Repack(parameter, shape, format) : null;
        }

        (StoredTensor first, WeightSegment only) = parts[0];
        if (maps && parts.Count == 1 && only.IsContiguous && only.Length == shape.Length && _source.IsInFile(first))
        {
            return new PackedWeight(format, shape, Map(first), first.Offset + format.BytesOf(only.TensorStart));
        }

        var weight = new PackedWeight(format, shape);
        foreach ((StoredTensor stored, WeightSegment segment) in parts)
        {
            CopyRows(stored, segment, weight);
        }

        return weight;
    }

    // Experts of formats of their own, one tensor an expert.
    private PackedWeight? ReadStack(List<(StoredTensor Stored, WeightSegment Segment)> parts, TensorShape shape, bool maps)
    {
        long length = shape.Rank == 3 && shape[0] > 0 ? shape.Length / shape[0] : 0;
        if (length == 0 || parts.Count != shape[0] || !parts.TrueForAll(part =>
            part.Segment.IsContiguous && part.Segment.Length == length && part.Stored.ElementCount == length && part.Segment.ParameterStart % length == 0
            && part.Stored.Type.Format() is { } own && shape.Columns % own.BlockLength == 0))
        {
            return null;
        }

        var matrix = new TensorShape(shape[1], shape[2]);
        var experts = new PackedWeight[parts.Count];
        foreach ((StoredTensor stored, WeightSegment segment) in parts)
        {
            BlockFormat format = stored.Type.Format()!;
            PackedWeight expert;
            if (maps && File.Exists(stored.File))
            {
                expert = new PackedWeight(format, matrix, Map(stored), stored.Offset);
            }
            else
            {
                expert = new PackedWeight(format, matrix);
                CopyRows(stored, segment with { ParameterStart = 0 }, expert);
            }

            experts[segment.ParameterStart / length] = expert;
        }

        return PackedWeight.Stack(experts);
    }

    // Rows of ours are whole runs of the file, so their blocks can be taken as they are.
    internal static bool HasWholeRows(in WeightSegment segment, long columns) =>
        segment.ColumnStride == 1 && segment.Columns % columns == 0 && segment.ParameterStart % columns == 0
        && segment.TensorStart % columns == 0 && (segment.Rows <= 1 || segment.RowStride % columns == 0);

    private void CopyRows(StoredTensor stored, in WeightSegment segment, PackedWeight weight)
    {
        BlockFormat format = weight.FormatOf(0);
        long rows = segment.IsContiguous ? 1 : segment.Rows, length = segment.IsContiguous ? segment.Length : segment.Columns;
        for (long row = 0; row < rows; row++)
        {
            long from = format.BytesOf(segment.TensorStart + (row * segment.RowStride));
            long to = format.BytesOf(segment.ParameterStart + (row * length)), bytes = format.BytesOf(length);
            for (long done = 0; done < bytes;)
            {
                int part = (int)Math.Min(bytes - done, 1 << 28);
                _source.ReadBytes(stored, from + done, weight.Bytes(to + done, part));
                done += part;
            }
        }
    }

    // Values that came from 16-bit floats go back into them unchanged, in our order.
    private PackedWeight Repack(string parameter, TensorShape shape, BlockFormat format)
    {
        Tensor values = Tensor.Uninitialized(shape);
        Read(parameter, values);
        var weight = new PackedWeight(format, shape);
        int rowBytes = (int)format.BytesOf(shape.Columns);
        for (long row = 0; row < shape.Rows; row++)
        {
            format.Quantize(values.Row(row), weight.Bytes(row * rowBytes, rowBytes));
        }

        return weight;
    }

    // The file may have shrunk since its header was read.
    private MappedFile Map(StoredTensor stored)
    {
        if (!_files.TryGetValue(stored.File, out MappedFile? file) && new FileInfo(stored.File).Length > 0)
        {
            _files.Add(stored.File, file = new MappedFile(stored.File));
        }

        return file is not null && stored.Offset <= file.Length - stored.ByteLength ? file : throw new ModelFormatException(
            stored.File, $"tensor '{stored.Name}'", stored.Offset, "the file ends inside this tensor: it has shrunk since it was opened. Copy it again.");
    }
}
