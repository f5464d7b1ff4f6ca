using System.Buffers.Binary;

namespace MoeSharp.Formats.TensorBoard;

/// <summary>Reads the records of an event file one after the other, checksums checked.</summary>
public static class EventFileReader
{
    /// <summary>Longest record that is read, in bytes; those written here have a few hundred.</summary>
    private const ulong MaxRecordLength = 1 << 28;

    /// <summary>All records of a file.</summary>
    /// <param name="path">The event file.</param>
    /// <param name="allowCutTail">True to end quietly at a record that the end of the file cuts short, as TensorBoard does: what a
    /// killed process may leave. Wrong checksums are always errors.</param>
    /// <exception cref="ModelFormatException">A length, a checksum or an event is wrong; it names the record's offset.</exception>
    /// <exception cref="IOException">The file does not exist or cannot be read.</exception>
    public static IEnumerable<EventRecord> Read(string path, bool allowCutTail = false)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var prefix = new byte[12];
        while (true)
        {
            long offset = stream.Position;
            int count = stream.ReadAtLeast(prefix, prefix.Length, throwOnEndOfStream: false);
            if (count == 0 || (count < prefix.Length && allowCutTail))
            {
                yield break;
            }

            if (count < prefix.Length)
            {
                throw Cut(path, offset);
            }

            ulong length = Length(path, offset, prefix);
            if (length + 4 > (ulong)(stream.Length - stream.Position))
            {
                if (allowCutTail)
                {
                    yield break;
                }

                throw Cut(path, offset);
            }

            var body = new byte[length + 4];
            stream.ReadExactly(body);
            yield return Decode(path, offset, body);
        }
    }

    private static ulong Length(string path, long offset, byte[] prefix)
    {
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (BinaryPrimitives.ReadUInt32LittleEndian(prefix.AsSpan(8)) != Crc32C.Masked(prefix.AsSpan(0, 8)))
        {
            throw new ModelFormatException(path, "record", offset, "has a wrong checksum of its length. The file is damaged or no event file.");
        }

        return length <= MaxRecordLength
            ? length
            : throw new ModelFormatException(path, "record", offset, $"has {length:N0} bytes, at most {MaxRecordLength:N0} are read.");
    }

    private static EventRecord Decode(string path, long offset, byte[] body)
    {
        ReadOnlySpan<byte> message = body.AsSpan(0, body.Length - 4);
        if (BinaryPrimitives.ReadUInt32LittleEndian(body.AsSpan(message.Length)) != Crc32C.Masked(message))
        {
            throw new ModelFormatException(path, "record", offset, "has a wrong checksum of its content. The file is damaged.");
        }

        try
        {
            return EventCodec.Decode(message);
        }
        catch (InvalidDataException fault)
        {
            throw new ModelFormatException(path, "record", offset, fault.Message, fault);
        }
    }

    private static ModelFormatException Cut(string path, long offset) =>
        new(path, "record", offset, "is cut short by the end of the file.");
}
