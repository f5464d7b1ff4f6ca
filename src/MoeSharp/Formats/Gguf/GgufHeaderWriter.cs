using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace MoeSharp.Formats.Gguf;

/// <summary>The bytes of a GGUF header, padding to the data included.</summary>
internal static class GgufHeaderWriter
{
    /// <param name="version">2 or 3.</param>
    /// <param name="alignment">What the data's start is padded to.</param>
    /// <param name="metadata">Written in its order.</param>
    /// <param name="entries">With their offsets in the data.</param>
    public static byte[] Write(int version, int alignment, GgufMetadata metadata, IReadOnlyList<(GgufEntry Entry, long Offset)> entries)
    {
        var bytes = new MemoryStream();
        bytes.Write("GGUF"u8);
        Write(bytes, version);
        Write(bytes, (long)entries.Count);
        Write(bytes, (long)metadata.Keys.Count);
        foreach (string key in metadata.Keys)
        {
            _ = metadata.TryFind(key, out GgufValue? value);
            WriteText(bytes, Encoding.UTF8.GetBytes(key));
            Write(bytes, (int)value!.Type);
            WriteContent(bytes, value);
        }

        foreach ((GgufEntry entry, long offset) in entries)
        {
            WriteText(bytes, Encoding.UTF8.GetBytes(entry.Name));
            Write(bytes, entry.Shape.Count);
            foreach (long size in entry.Shape.Reverse())
            {
                Write(bytes, size);
            }

            Write(bytes, entry.Type.GgmlType()!.Value);
            Write(bytes, offset);
        }

        bytes.SetLength(GgufHeader.Align(bytes.Length, alignment));
        return bytes.ToArray();
    }

    private static void WriteContent(MemoryStream bytes, GgufValue value)
    {
        switch (value.Content)
        {
            case byte[] text when value.Type == GgufValueType.Text:
                WriteText(bytes, text);
                break;
            case Array array when value.Type == GgufValueType.Array:
                Write(bytes, (int)value.ElementType);
                Write(bytes, (long)array.Length);
                WriteElements(bytes, value.ElementType, array);
                break;
            case GgufTexts texts:
                Write(bytes, (int)GgufValueType.Text);
                Write(bytes, (long)texts.Count);
                for (int i = 0; i < texts.Count; i++)
                {
                    WriteText(bytes, texts.Bytes(i));
                }

                break;
            default:
                WriteScalar(bytes, value.Content);
                break;
        }
    }

    private static void WriteElements(MemoryStream bytes, GgufValueType type, Array array)
    {
        if (type == GgufValueType.Array)
        {
            foreach (GgufValue inner in (GgufValue[])array)
            {
                WriteContent(bytes, inner);
            }

            return;
        }

        // Arrays of plain numbers lie in memory as they stand in the file; bool is one byte, 0 or 1.
        int size = Buffer.ByteLength(array);
        ref byte first = ref MemoryMarshal.GetArrayDataReference(array);
        bytes.Write(MemoryMarshal.CreateReadOnlySpan(ref first, size));
    }

    private static void WriteScalar(MemoryStream bytes, object value)
    {
        Span<byte> buffer = stackalloc byte[8];
        int size;
        switch (value)
        {
            case byte number:
                (buffer[0], size) = (number, 1);
                break;
            case sbyte number:
                (buffer[0], size) = (unchecked((byte)number), 1);
                break;
            case bool flag:
                (buffer[0], size) = (flag ? (byte)1 : (byte)0, 1);
                break;
            case ushort number:
                BinaryPrimitives.WriteUInt16LittleEndian(buffer, number);
                size = 2;
                break;
            case short number:
                BinaryPrimitives.WriteInt16LittleEndian(buffer, number);
                size = 2;
                break;
            case uint number:
                BinaryPrimitives.WriteUInt32LittleEndian(buffer, number);
                size = 4;
                break;
            case int number:
                BinaryPrimitives.WriteInt32LittleEndian(buffer, number);
                size = 4;
                break;
            case float number:
                BinaryPrimitives.WriteSingleLittleEndian(buffer, number);
                size = 4;
                break;
            case ulong number:
                BinaryPrimitives.WriteUInt64LittleEndian(buffer, number);
                size = 8;
                break;
            case long number:
                BinaryPrimitives.WriteInt64LittleEndian(buffer, number);
                size = 8;
                break;
            default:
                BinaryPrimitives.WriteDoubleLittleEndian(buffer, (double)value);
                size = 8;
                break;
        }

        bytes.Write(buffer[..size]);
    }

    private static void WriteText(MemoryStream bytes, ReadOnlySpan<byte> text)
    {
        Write(bytes, (long)text.Length);
        bytes.Write(text);
    }

    private static void Write(MemoryStream bytes, int number) => WriteScalar(bytes, number);

    private static void Write(MemoryStream bytes, long number) => WriteScalar(bytes, number);
}
