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

    /// <summary>A parameter as it is stored: mapped where it lies in one piece, otherwise put together from whole rows.</summary>
    /// <returns>Null when no single format holds it, or its rows are cut or transposed in the file.</returns>
    public PackedWeight? ReadStored(string parameter, TensorShape shape, bool maps)
    {
        List<(StoredTensor Stored, WeightSegment Segment)> parts = _parts[parameter];
        if (FormatOf(parameter) is not { } format || shape.Columns % format.BlockLength != 0)
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
            return new PackedWeight(format, shape, Map(first.File), first.Offset + format.BytesOf(only.TensorStart));
        }

        var weight = new PackedWeight(format, shape);
        foreach ((StoredTensor stored, WeightSegment segment) in parts)
        {
            CopyRows(stored, segment, weight);
        }

        return weight;
    }

    // Rows of ours are whole runs of the file, so their blocks can be taken as they are.
    private static bool HasWholeRows(in WeightSegment segment, long columns) =>
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

    private MappedFile Map(string path)
    {
        if (!_files.TryGetValue(path, out MappedFile? file))
        {
            _files.Add(path, file = new MappedFile(path));
        }

        return file;
    }
}
