using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace MoeSharp.Formats.Protobuf;

/// <summary>The few parts of the protobuf wire format that event files and SentencePiece models use; fields are written in ascending order by the caller.</summary>
/// <remarks>Source: protobuf.dev/programming-guides/encoding. Wire types: 0 varint, 1 64-bit, 2 length and bytes, 5 32-bit.</remarks>
internal sealed class ProtobufWriter
{
    private readonly ArrayBufferWriter<byte> _buffer = new();

    public ReadOnlySpan<byte> Written => _buffer.WrittenSpan;

    public void Clear() => _buffer.ResetWrittenCount();

    public void Varint(int field, ulong value)
    {
        Raw(((ulong)field << 3) | 0);
        Raw(value);
    }

    public void Double(int field, double value)
    {
        Raw(((ulong)field << 3) | 1);
        BinaryPrimitives.WriteDoubleLittleEndian(_buffer.GetSpan(sizeof(double)), value);
        _buffer.Advance(sizeof(double));
    }

    public void Float(int field, float value)
    {
        Raw(((ulong)field << 3) | 5);
        BinaryPrimitives.WriteSingleLittleEndian(_buffer.GetSpan(sizeof(float)), value);
        _buffer.Advance(sizeof(float));
    }

    public void Bytes(int field, ReadOnlySpan<byte> value)
    {
        Raw(((ulong)field << 3) | 2);
        Raw((ulong)value.Length);
        _buffer.Write(value);
    }

    public void Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    public void Message(int field, ProtobufWriter message) => Bytes(field, message.Written);

    public void Packed(int field, IReadOnlyList<double> values)
    {
        Raw(((ulong)field << 3) | 2);
        Raw((ulong)values.Count * sizeof(double));
        foreach (double value in values)
        {
            BinaryPrimitives.WriteDoubleLittleEndian(_buffer.GetSpan(sizeof(double)), value);
            _buffer.Advance(sizeof(double));
        }
    }

    public void Packed(int field, IReadOnlyList<float> values)
    {
        Raw(((ulong)field << 3) | 2);
        Raw((ulong)values.Count * sizeof(float));
        foreach (float value in values)
        {
            BinaryPrimitives.WriteSingleLittleEndian(_buffer.GetSpan(sizeof(float)), value);
            _buffer.Advance(sizeof(float));
        }
    }

    private void Raw(ulong value)
    {
        Span<byte> target = _buffer.GetSpan(10);
        int count = 0;
        for (; value >= 0x80; value >>= 7)
        {
            target[count++] = (byte)(value | 0x80);
        }

        target[count++] = (byte)value;
        _buffer.Advance(count);
    }
}
