using System.Buffers.Binary;
using System.Text;

namespace MoeSharp.Formats.Protobuf;

/// <summary>Walks the fields of one protobuf message; the counterpart of <see cref="ProtobufWriter"/>.</summary>
/// <remarks>Every defect is an <see cref="InvalidDataException"/>, which the caller turns into one with file and offset.</remarks>
internal ref struct ProtobufReader
{
    private ReadOnlySpan<byte> _rest;

    public ProtobufReader(ReadOnlySpan<byte> message) => _rest = message;

    /// <summary>Number of the current field.</summary>
    public int Field { get; private set; }

    /// <summary>Wire type of the current field.</summary>
    public int WireType { get; private set; }

    /// <summary>Value of a varint, 64-bit or 32-bit field, as bits.</summary>
    public ulong Bits { get; private set; }

    /// <summary>Bytes of a field with a length.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    public readonly string Text => Encoding.UTF8.GetString(Bytes);

    public readonly double Double => BitConverter.UInt64BitsToDouble(Bits);

    public readonly float Float => BitConverter.UInt32BitsToSingle((uint)Bits);

    /// <summary>Goes to the next field; false at the end.</summary>
    public bool Next()
    {
        if (_rest.Length == 0)
        {
            return false;
        }

        ulong key = Varint();
        if (key >> 3 is 0 or > int.MaxValue)
        {
            throw new InvalidDataException($"has a field number {key >> 3}.");
        }

        (Field, WireType) = ((int)(key >> 3), (int)(key & 7));
        switch (WireType)
        {
            case 0:
                Bits = Varint();
                break;
            case 1:
                Bits = BinaryPrimitives.ReadUInt64LittleEndian(Take(8));
                break;
            case 2:
                Bytes = Take(Varint());
                break;
            case 5:
                Bits = BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
                break;
            default:
                throw new InvalidDataException($"has wire type {WireType} in field {Field}. Only 0, 1, 2 and 5 are used.");
        }

        return true;
    }

    /// <summary>Adds the doubles of the current field: packed, or one at a time.</summary>
    public readonly void AddTo(List<double> values)
    {
        if (WireType == 1)
        {
            values.Add(Double);
            return;
        }

        CheckPacked(sizeof(double));
        for (int i = 0; i < Bytes.Length; i += sizeof(double))
        {
            values.Add(BinaryPrimitives.ReadDoubleLittleEndian(Bytes[i..]));
        }
    }

    /// <summary>Adds the floats of the current field: packed, or one at a time.</summary>
    public readonly void AddTo(List<float> values)
    {
        if (WireType == 5)
        {
            values.Add(Float);
            return;
        }

        CheckPacked(sizeof(float));
        for (int i = 0; i < Bytes.Length; i += sizeof(float))
        {
            values.Add(BinaryPrimitives.ReadSingleLittleEndian(Bytes[i..]));
        }
    }

    private readonly void CheckPacked(int size)
    {
        if (WireType != 2 || Bytes.Length % size != 0)
        {
            throw new InvalidDataException($"has {Bytes.Length} bytes in the packed field {Field}, no multiple of {size}.");
        }
    }

    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)_rest.Length)
        {
            throw new InvalidDataException($"ends inside field {Field}: {count} bytes are claimed, {_rest.Length} follow.");
        }

        ReadOnlySpan<byte> taken = _rest[..(int)count];
        _rest = _rest[(int)count..];
        return taken;
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (int i = 0; i < 10; i++)
        {
            if (i >= _rest.Length)
            {
                throw new InvalidDataException("ends inside a number.");
            }

            value |= (ulong)(_rest[i] & 0x7F) << (7 * i);
            if (_rest[i] < 0x80)
            {
                _rest = _rest[(i + 1)..];
                return value;
            }
        }

        throw new InvalidDataException("has a number of more than 10 bytes.");
    }
}
