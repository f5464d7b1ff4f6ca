using System.Text.Json;

namespace MoeSharp.Formats.Safetensors;

/// <summary>Reads the JSON of a safetensors header token by token, so that each fault has its byte offset.</summary>
/// <remarks>
/// <para>Stricter than the safetensors library (0.8.0), where the format says otherwise or says nothing: no duplicate tensor or
/// metadata names, no <c>"__metadata__": null</c>, no unknown fields in a tensor, no tensor written as an array, and only spaces
/// after the closing brace.</para>
/// </remarks>
internal ref struct SafetensorsHeaderReader
{
    private const string MetadataName = "__metadata__";

    private readonly string _file;
    private readonly ReadOnlySpan<byte> _json;
    private readonly long _dataStart;
    private Utf8JsonReader _reader;

    public SafetensorsHeaderReader(string file, ReadOnlySpan<byte> json, long dataStart)
    {
        _file = file;
        _json = json;
        _dataStart = dataStart;

        // Header, tensor, array of numbers: nothing legal nests deeper, so a hostile file cannot either.
        _reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 4 });
    }

    public SafetensorsHeader Read()
    {
        try
        {
            return ReadHeader();
        }
        catch (JsonException fault)
        {
            throw new ModelFormatException(_file, "header", SafetensorsHeader.PrefixLength + _reader.BytesConsumed,
                "is not valid JSON: " + Place(fault), fault);
        }
        catch (InvalidOperationException fault)
        {
            // Utf8JsonReader.GetString: an escape that is half of a surrogate pair.
            throw new ModelFormatException(_file, "header", Position, "holds text that is not valid Unicode (half of a surrogate pair).", fault);
        }
    }

    private readonly long Position => SafetensorsHeader.PrefixLength + _reader.TokenStartIndex;

    private SafetensorsHeader ReadHeader()
    {
        _reader.Read();
        var tensors = new List<StoredTensor>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        Dictionary<string, string>? metadata = null;
        while (NextProperty("header", out string name))
        {
            if (name == MetadataName)
            {
                if (metadata is not null)
                {
                    throw Fault($"key '{MetadataName}'", "stands twice in the header.");
                }

                metadata = ReadMetadata();
                continue;
            }

            if (!names.Add(name))
            {
                throw Fault($"tensor '{name}'", "stands twice in the header.");
            }

            tensors.Add(ReadTensor(name));
        }

        long end = _reader.BytesConsumed;
        int text = _json[(int)end..].IndexOfAnyExcept((byte)' ');
        if (text >= 0)
        {
            throw new ModelFormatException(_file, "header", SafetensorsHeader.PrefixLength + end + text,
                $"goes on with the byte 0x{_json[(int)end + text]:x2} after its closing brace. Only spaces may follow.");
        }

        tensors.Sort(static (a, b) => a.Offset != b.Offset ? a.Offset.CompareTo(b.Offset)
            : a.ByteLength != b.ByteLength ? a.ByteLength.CompareTo(b.ByteLength)
            : string.CompareOrdinal(a.Name, b.Name));
        return new SafetensorsHeader(tensors, metadata ?? []);
    }

    private Dictionary<string, string> ReadMetadata()
    {
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        Expect(JsonTokenType.StartObject, $"key '{MetadataName}'", "an object of texts");
        while (NextProperty(MetadataName, out string key))
        {
            Expect(JsonTokenType.String, $"key '{MetadataName}.{key}'", "a text");
            if (!metadata.TryAdd(key, _reader.GetString()!))
            {
                throw Fault($"key '{MetadataName}.{key}'", "stands twice.");
            }
        }

        return metadata;
    }

    private StoredTensor ReadTensor(string name)
    {
        long entry = Position;
        string item = $"tensor '{name}'";
        StoredType? type = null;
        long[]? shape = null;
        long[]? offsets = null;
        Expect(JsonTokenType.StartObject, item, "an object with dtype, shape and data_offsets");
        while (NextProperty(item, out string field))
        {
            switch (field)
            {
                case "dtype" when type is null:
                    type = ReadType(item);
                    break;
                case "shape" when shape is null:
                    shape = ReadNumbers(item, field);
                    break;
                case "data_offsets" when offsets is null:
                    offsets = ReadNumbers(item, field);
                    break;
                case "dtype" or "shape" or "data_offsets":
                    throw Fault(item, $"has {field} twice.");
                default:
                    throw Fault(item, $"has the unknown field '{field}'. Only dtype, shape and data_offsets are allowed.");
            }
        }

        if (type is null || shape is null || offsets is null)
        {
            string missing = type is null ? "dtype" : shape is null ? "shape" : "data_offsets";
            throw new ModelFormatException(_file, item, entry, $"has no {missing}.");
        }

        return Place(item, name, entry, type.Value, shape, offsets);
    }

    /// <summary>Checks shape, type and range against each other, in 64 bits with every overflow refused.</summary>
    private readonly StoredTensor Place(string item, string name, long entry, StoredType type, long[] shape, long[] offsets)
    {
        if (offsets.Length != 2)
        {
            throw new ModelFormatException(_file, item, entry, $"has {offsets.Length} data_offsets, there are two: begin and end.");
        }

        (long begin, long end) = (offsets[0], offsets[1]);
        if (begin > end)
        {
            throw new ModelFormatException(_file, item, entry, $"has data_offsets [{begin}, {end}]: the begin lies after the end.");
        }

        ulong bits;
        try
        {
            // In the order of the shape, so that [2^63, 2, 0] is refused as the library does: no reader should need care here.
            ulong count = 1;
            foreach (long size in shape)
            {
                count = checked(count * (ulong)size);
            }

            bits = checked(count * (ulong)type.Bits());
        }
        catch (OverflowException fault)
        {
            throw new ModelFormatException(_file, item, entry, $"has shape [{string.Join(", ", shape)}], whose size exceeds 64 bits.", fault);
        }

        if (bits % 8 != 0)
        {
            throw new ModelFormatException(_file, item, entry,
                $"has {bits} bits ({type.Name()} [{string.Join(", ", shape)}]), which are not whole bytes.");
        }

        long length = end - begin;
        if ((ulong)length != bits / 8)
        {
            throw new ModelFormatException(_file, item, entry,
                $"has data_offsets [{begin}, {end}] ({length:N0} bytes), but {type.Name()} [{string.Join(", ", shape)}] takes {bits / 8:N0}.");
        }

        if (begin > long.MaxValue - _dataStart)
        {
            throw new ModelFormatException(_file, item, entry, $"has data_offsets [{begin}, {end}], beyond the end of any file.");
        }

        return new StoredTensor(name, type, shape, _file, _dataStart + begin, length);
    }

    private StoredType ReadType(string item)
    {
        Expect(JsonTokenType.String, item, "a text as dtype");
        string name = _reader.GetString()!;
        return StoredTypeFacts.TryParse(name, out StoredType type)
            ? type
            : throw Fault(item, $"has the unknown dtype '{name}'. Known are F32, BF16, F16, F64, I64, I32, I16, I8, U8, BOOL and the other safetensors types.");
    }

    private long[] ReadNumbers(string item, string field)
    {
        Expect(JsonTokenType.StartArray, item, $"an array of whole numbers as {field}");
        var numbers = new List<long>(4);
        while (true)
        {
            _reader.Read();
            if (_reader.TokenType == JsonTokenType.EndArray)
            {
                return [.. numbers];
            }

            // Only digits: 2.0, 2e0, -0 and "2" are other things than the format's unsigned integers.
            if (_reader.TokenType != JsonTokenType.Number || _reader.ValueSpan.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
            {
                throw Fault(item, $"has something else than whole numbers of at least 0 in {field}.");
            }

            if (!_reader.TryGetInt64(out long number))
            {
                throw Fault(item, $"has a number above 2^63 - 1 in {field}.");
            }

            numbers.Add(number);
        }
    }

    private bool NextProperty(string where, out string name)
    {
        _reader.Read();
        if (_reader.TokenType == JsonTokenType.EndObject)
        {
            name = "";
            return false;
        }

        name = _reader.GetString() ?? throw Fault(where, "has no name.");
        return true;
    }

    private void Expect(JsonTokenType type, string item, string wanted)
    {
        _reader.Read();
        if (_reader.TokenType != type)
        {
            throw Fault(item, $"is or has {Describe(_reader.TokenType)} instead of {wanted}.");
        }
    }

    private readonly ModelFormatException Fault(string item, string message) => new(_file, item, Position, message);

    private static string Describe(JsonTokenType type) => type switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        JsonTokenType.String => "a text",
        JsonTokenType.Number => "a number",
        JsonTokenType.Null => "null",
        JsonTokenType.True or JsonTokenType.False => "true or false",
        _ => "something else",
    };

    private static string Place(JsonException fault)
    {
        // The reader's own text names line and column of the header, which is one line: our byte offset says it better.
        int cut = fault.Message.IndexOf(" LineNumber", StringComparison.Ordinal);
        return cut < 0 ? fault.Message : fault.Message[..cut];
    }
}
