using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;

namespace MoeSharp.Formats.Gguf;

/// <summary>Reads a GGUF header field by field, so that each fault has its byte offset.</summary>
/// <remarks>
/// <para>Stricter than ggml, where the format says so: keys are printable ASCII, a flag is 0 or 1, the alignment is a multiple of 8, the
/// data fills the file. Laxer where the format allows more: tensors in any order, arrays in arrays (to a depth of <see cref="MaxDepth"/>).</para>
/// </remarks>
internal sealed class GgufHeaderReader(GgufInput input)
{
    /// <summary>Arrays inside one another that are read; no published file nests at all.</summary>
    public const int MaxDepth = 8;

    private const int MaxKeyLength = 65_535;
    private const int MaxNameLength = 64;
    private const int MaxDimensions = 4;

    // The least a key with a value and a tensor's entry take: what counts are checked against.
    private const int LeastPairBytes = 8 + 1 + 4 + 1;
    private const int LeastTensorBytes = 8 + 4 + 4 + 8;

    private const uint Magic = 0x4655_4747;

    private readonly GgufInput _input = input;

    public GgufHeader Read()
    {
        int version = ReadVersion();
        int tensorCount = _input.ReadCount("header", "tensors", LeastTensorBytes);
        int pairCount = _input.ReadCount("header", "metadata keys", LeastPairBytes);
        var metadata = new GgufMetadata(_input.File);
        for (int i = 0; i < pairCount; i++)
        {
            ReadPair(metadata, $"key {i + 1} of {pairCount}");
        }

        int alignment = ReadAlignment(metadata);
        var plans = new List<Plan>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < tensorCount; i++)
        {
            plans.Add(ReadTensor(names, alignment, $"tensor {i + 1} of {tensorCount}"));
        }

        return new GgufHeader(version, alignment, metadata, PlaceTensors(plans, alignment));
    }

    private int ReadVersion()
    {
        if (_input.Length < 4)
        {
            throw Fault("header", 0, $"the file has {_input.Length} bytes. It is cut short or something else than GGUF.");
        }

        uint magic = _input.Read<uint>("header");
        if (magic != Magic)
        {
            string shown = string.Concat(BitConverter.GetBytes(magic).Select(value => value is >= 0x20 and < 0x7f ? ((char)value).ToString() : $"\\x{value:x2}"));
            throw Fault("header", 0, $"starts with \"{shown}\". A GGUF file starts with \"GGUF\".");
        }

        uint version = _input.Read<uint>("header");
        if (version is 2 or 3)
        {
            return (int)version;
        }

        throw Fault("header", 4, version switch
        {
            1 => "is GGUF version 1, which has other lengths and is not read. Convert the model again with a current tool (version 2 or 3).",
            _ when (version & 0xffff) == 0 && version != 0 => "is a big-endian GGUF file, which is not read. Convert it to little-endian (gguf_convert_endian.py of llama.cpp).",
            _ => $"is GGUF version {version}, which is not known. Versions 2 and 3 are.",
        });
    }

    private void ReadPair(GgufMetadata metadata, string place)
    {
        long start = _input.Position;
        byte[] bytes = ReadText(place, "a key", MaxKeyLength);
        if (bytes.Length == 0 || bytes.AsSpan().ContainsAnyExceptInRange((byte)0x21, (byte)0x7e))
        {
            throw Fault(place, start, bytes.Length == 0 ? "has an empty key." : "has a key with other than printable ASCII letters.");
        }

        string key = Encoding.ASCII.GetString(bytes);
        string item = $"key '{key}'";
        GgufValueType type = ReadType(item);
        long offset = _input.Position;
        if (!metadata.TryAdd(key, ReadValue(item, type, depth: 0), offset))
        {
            throw Fault(item, start, "stands twice in the metadata.");
        }
    }

    private GgufValueType ReadType(string item)
    {
        long start = _input.Position;
        uint type = _input.Read<uint>(item);
        return type <= (uint)GgufValueType.Float64
            ? (GgufValueType)type
            : throw Fault(item, start, $"has the unknown value type {type}. Types go from 0 to {(int)GgufValueType.Float64}.");
    }

    private GgufValue ReadValue(string item, GgufValueType type, int depth) => type switch
    {
        GgufValueType.UInt8 => GgufValue.Of(_input.Read<byte>(item)),
        GgufValueType.Int8 => GgufValue.Of(_input.Read<sbyte>(item)),
        GgufValueType.UInt16 => GgufValue.Of(_input.Read<ushort>(item)),
        GgufValueType.Int16 => GgufValue.Of(_input.Read<short>(item)),
        GgufValueType.UInt32 => GgufValue.Of(_input.Read<uint>(item)),
        GgufValueType.Int32 => GgufValue.Of(_input.Read<int>(item)),
        GgufValueType.UInt64 => GgufValue.Of(_input.Read<ulong>(item)),
        GgufValueType.Int64 => GgufValue.Of(_input.Read<long>(item)),
        GgufValueType.Float32 => GgufValue.Of(_input.Read<float>(item)),
        GgufValueType.Float64 => GgufValue.Of(_input.Read<double>(item)),
        GgufValueType.Bool => GgufValue.Of(ReadFlag(item)),
        GgufValueType.Text => GgufValue.OfBytes(ReadText(item, "a text", int.MaxValue)),
        _ => ReadArray(item, depth + 1),
    };

    private bool ReadFlag(string item)
    {
        long start = _input.Position;
        byte value = _input.Read<byte>(item);
        return value <= 1 ? value == 1 : throw Fault(item, start, $"is a flag with the value {value}. Flags are 0 or 1.");
    }

    private GgufValue ReadArray(string item, int depth)
    {
        if (depth > MaxDepth)
        {
            throw Fault(item, _input.Position, $"nests arrays deeper than {MaxDepth}.");
        }

        GgufValueType type = ReadType(item);
        return type switch
        {
            GgufValueType.UInt8 => ReadNumbers<byte>(item),
            GgufValueType.Int8 => ReadNumbers<sbyte>(item),
            GgufValueType.UInt16 => ReadNumbers<ushort>(item),
            GgufValueType.Int16 => ReadNumbers<short>(item),
            GgufValueType.UInt32 => ReadNumbers<uint>(item),
            GgufValueType.Int32 => ReadNumbers<int>(item),
            GgufValueType.UInt64 => ReadNumbers<ulong>(item),
            GgufValueType.Int64 => ReadNumbers<long>(item),
            GgufValueType.Float32 => ReadNumbers<float>(item),
            GgufValueType.Float64 => ReadNumbers<double>(item),
            GgufValueType.Bool => ReadFlags(item),
            GgufValueType.Text => GgufValue.Of(ReadTexts(item)),
            _ => ReadArrays(item, depth),
        };
    }

    private GgufValue ReadNumbers<T>(string item)
        where T : unmanaged
    {
        int size = System.Runtime.CompilerServices.Unsafe.SizeOf<T>();
        var numbers = new T[_input.ReadCount(item, "elements", size)];
        _input.Read(MemoryMarshal.AsBytes(numbers.AsSpan()), item);
        return GgufValue.Of(numbers);
    }

    private GgufValue ReadFlags(string item)
    {
        var flags = new bool[_input.ReadCount(item, "flags", 1)];
        for (int i = 0; i < flags.Length; i++)
        {
            flags[i] = ReadFlag(item);
        }

        return GgufValue.Of(flags);
    }

    private GgufTexts ReadTexts(string item)
    {
        var ends = new int[_input.ReadCount(item, "texts", 8)];
        byte[] bytes = new byte[Math.Min(_input.Left, (ends.Length * 8L) + 256)];
        int length = 0;
        for (int i = 0; i < ends.Length; i++)
        {
            int count = ReadLength(item, $"text {i + 1}", int.MaxValue);
            if (length + count > bytes.Length)
            {
                Array.Resize(ref bytes, (int)Math.Min(Math.Max(bytes.Length * 2L, length + count), length + _input.Left));
            }

            _input.Read(bytes.AsSpan(length, count), item);
            length += count;
            ends[i] = length;
        }

        return new GgufTexts(bytes, ends);
    }

    private GgufValue ReadArrays(string item, int depth)
    {
        var arrays = new List<GgufValue>();
        for (int count = _input.ReadCount(item, "arrays", 12); count > 0; count--)
        {
            arrays.Add(ReadArray(item, depth + 1));
        }

        return GgufValue.Of(arrays.ToArray());
    }

    private byte[] ReadText(string item, string what, int maxLength)
    {
        var bytes = new byte[ReadLength(item, what, maxLength)];
        _input.Read(bytes, item);
        return bytes;
    }

    private int ReadLength(string item, string what, int maxLength)
    {
        long start = _input.Position;
        ulong length = _input.Read<ulong>(item);
        if (length > (ulong)Math.Min(_input.Left, maxLength))
        {
            throw Fault(item, start, length > (ulong)_input.Left
                ? $"has {what} of {length:N0} bytes, but only {_input.Left:N0} may follow. The file is cut short or damaged."
                : $"has {what} of {length:N0} bytes. At most {maxLength:N0} are allowed.");
        }

        return (int)length;
    }

    private static int ReadAlignment(GgufMetadata metadata)
    {
        if (!metadata.TryFind(GgufMetadata.AlignmentKey, out GgufValue? value))
        {
            return GgufHeader.DefaultAlignment;
        }

        if (value.Type != GgufValueType.UInt32)
        {
            throw metadata.Fault(GgufMetadata.AlignmentKey, $"is {value.Type} {value}. It must be a UInt32.");
        }

        _ = value.TryGetInteger(out long alignment);
        return alignment is >= 8 and <= 1 << 30 && long.IsPow2(alignment)
            ? (int)alignment
            : throw metadata.Fault(GgufMetadata.AlignmentKey, $"is {alignment}. It must be a power of two from 8 to 2^30.");
    }

    private Plan ReadTensor(HashSet<string> names, int alignment, string place)
    {
        long start = _input.Position;
        byte[] bytes = ReadText(place, "a name", MaxNameLength);
        if (!Utf8.IsValid(bytes))
        {
            throw Fault(place, start, "has a name that is not valid UTF-8.");
        }

        string name = Encoding.UTF8.GetString(bytes);
        string item = $"tensor '{name}'";
        if (!names.Add(name))
        {
            throw Fault(item, start, "stands twice in the list of tensors.");
        }

        long[] shape = ReadShape(item);
        long typeStart = _input.Position;
        uint number = _input.Read<uint>(item);
        if (!StoredTypeFacts.TryFromGgml(number, out StoredType type))
        {
            throw Fault(item, typeStart, $"has type {number}, which is {(number is 4 or 5 or (>= 31 and <= 33) or (>= 36 and <= 38) ? "no longer part of the format" : "not known")}. "
                + "Convert the model again, or to another type as Q4_K.");
        }

        long byteLength = ByteLength(item, start, type, shape);
        long offsetStart = _input.Position;
        ulong offset = _input.Read<ulong>(item);
        if (offset > long.MaxValue || offset % (ulong)alignment != 0)
        {
            throw Fault(item, offsetStart, offset > long.MaxValue
                ? $"has offset {offset}, beyond the end of any file."
                : $"has offset {offset}, which is no multiple of the alignment {alignment}.");
        }

        return new Plan(name, type, shape, (long)offset, byteLength, offsetStart);
    }

    private long[] ReadShape(string item)
    {
        long start = _input.Position;
        uint rank = _input.Read<uint>(item);
        if (rank > MaxDimensions)
        {
            throw Fault(item, start, $"has {rank:N0} dimensions. At most {MaxDimensions} are allowed.");
        }

        var shape = new long[rank];
        for (int i = shape.Length - 1; i >= 0; i--)
        {
            long sizeStart = _input.Position;
            ulong size = _input.Read<ulong>(item);
            if (size is 0 or > long.MaxValue)
            {
                throw Fault(item, sizeStart, $"has a dimension of {size}. Sizes go from 1 to 2^63 - 1.");
            }

            shape[i] = (long)size;
        }

        return shape;
    }

    private long ByteLength(string item, long start, StoredType type, long[] shape)
    {
        long row = shape.Length == 0 ? 1 : shape[^1];
        if (row % type.BlockLength() != 0)
        {
            throw Fault(item, start, $"is {type.Name()} with rows of {row:N0} elements. They must be a multiple of the block of {type.BlockLength()}.");
        }

        try
        {
            long blocks = row / type.BlockLength();
            foreach (long size in shape.AsSpan(0, Math.Max(shape.Length - 1, 0)))
            {
                blocks = checked(blocks * size);
            }

            _ = checked(blocks * type.BlockLength());
            return checked(blocks * type.BlockBytes());
        }
        catch (OverflowException fault)
        {
            throw new ModelFormatException(_input.File, item, start, $"has shape [{string.Join(", ", shape)}], whose size exceeds 63 bits.", fault);
        }
    }

    /// <summary>Walks the tensors by offset: each must start at the first multiple of the alignment after the one before, the last must end with the file.</summary>
    private List<StoredTensor> PlaceTensors(List<Plan> plans, int alignment)
    {
        plans.Sort(static (a, b) => a.Offset.CompareTo(b.Offset));
        long dataStart = GgufHeader.Align(_input.Position, alignment);
        long end = _input.Position;
        var tensors = new List<StoredTensor>(plans.Count);
        foreach (Plan plan in plans)
        {
            string item = $"tensor '{plan.Name}'";
            long expected = tensors.Count == 0 ? dataStart : GgufHeader.Align(end, alignment);
            if (plan.Offset > _input.Length - dataStart || plan.ByteLength > _input.Length - dataStart - plan.Offset)
            {
                throw Fault(item, plan.OffsetStart, $"has {plan.ByteLength:N0} bytes at offset {plan.Offset:N0} of the data, "
                    + $"which has {Math.Max(_input.Length - dataStart, 0):N0}. The file is cut short or damaged.");
            }

            if (dataStart + plan.Offset != expected)
            {
                throw Fault(item, plan.OffsetStart, dataStart + plan.Offset < end
                    ? $"overlaps the tensor before it: starts at byte {dataStart + plan.Offset:N0}, that one ends at {end:N0}."
                    : $"leaves a hole: starts at byte {dataStart + plan.Offset:N0} instead of {expected:N0}.");
            }

            tensors.Add(new StoredTensor(plan.Name, plan.Type, plan.Shape, _input.File, dataStart + plan.Offset, plan.ByteLength));
            end = dataStart + plan.Offset + plan.ByteLength;
        }

        if (_input.Length > GgufHeader.Align(end, alignment))
        {
            throw Fault("data", end, $"{_input.Length - end:N0} bytes follow the last tensor. Only padding to {alignment} may; the file has grown or is damaged.");
        }

        return tensors;
    }

    private ModelFormatException Fault(string item, long offset, string message) => new(_input.File, item, offset, message);

    /// <summary>One entry of the tensor list; offsets count from the data's start.</summary>
    private sealed record Plan(string Name, StoredType Type, long[] Shape, long Offset, long ByteLength, long OffsetStart);
}
