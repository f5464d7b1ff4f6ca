using System.Buffers;
using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace MoeSharp.Formats.Safetensors;

/// <summary>Writes the header of a safetensors file: length, JSON, and spaces up to a multiple of 8 bytes.</summary>
internal static class SafetensorsHeaderWriter
{
    /// <summary>The complete header; <c>Begin</c> counts from the start of the data.</summary>
    /// <exception cref="ArgumentException">The header is longer than readers take.</exception>
    public static byte[] Write(
        IEnumerable<(SafetensorsEntry Entry, long Begin, long ByteLength)> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        var buffer = new ArrayBufferWriter<byte>();
        buffer.Write(stackalloc byte[SafetensorsHeader.PrefixLength]); // the length, filled in below
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            if (metadata.Count > 0)
            {
                json.WriteStartObject("__metadata__");
                foreach ((string key, string value) in metadata.OrderBy(static pair => pair.Key, StringComparer.Ordinal))
                {
                    json.WriteString(key, value);
                }

                json.WriteEndObject();
            }

            foreach ((SafetensorsEntry entry, long begin, long byteLength) in tensors)
            {
                WriteEntry(json, entry, begin, byteLength);
            }

            json.WriteEndObject();
        }

        while (buffer.WrittenCount % 8 != 0)
        {
            buffer.Write(" "u8);
        }

        byte[] header = buffer.WrittenSpan.ToArray();
        int length = header.Length - SafetensorsHeader.PrefixLength;
        if (length > SafetensorsHeader.MaxLength)
        {
            throw new ArgumentException(
                $"safetensors: the header takes {length:N0} bytes, readers take at most {SafetensorsHeader.MaxLength:N0}. Split the file.");
        }

        BinaryPrimitives.WriteUInt64LittleEndian(header, (ulong)length);
        return header;
    }

    private static void WriteEntry(Utf8JsonWriter json, SafetensorsEntry entry, long begin, long byteLength)
    {
        json.WriteStartObject(entry.Name);
        json.WriteString("dtype", entry.Type.Name());
        json.WriteStartArray("shape");
        foreach (long size in entry.Shape)
        {
            json.WriteNumberValue(size);
        }

        json.WriteEndArray();
        json.WriteStartArray("data_offsets");
        json.WriteNumberValue(begin);
        json.WriteNumberValue(begin + byteLength);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
