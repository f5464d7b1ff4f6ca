using System.Buffers.Binary;
using System.Text.Unicode;
using Microsoft.Win32.SafeHandles;

namespace MoeSharp.Formats.Safetensors;

/// <summary>The checked header of one safetensors file: its tensors in the order of their data, and its metadata.</summary>
/// <remarks>
/// <para>Layout of a file: 8 bytes little-endian header length N, N bytes of JSON, then the data, which the tensors must fill
/// without holes and overlaps. Tensors need not be aligned, and may stand in the header in any order.</para>
/// <para>Nothing is allocated from a number in the file before that number was checked against the file's size.</para>
/// <para>Source: github.com/huggingface/safetensors, README "Format".</para>
/// </remarks>
internal sealed class SafetensorsHeader
{
    /// <summary>Longest header that is read, in bytes: the limit of the safetensors library.</summary>
    public const int MaxLength = 100_000_000;

    /// <summary>Bytes before the JSON: its length.</summary>
    public const int PrefixLength = 8;

    public SafetensorsHeader(IReadOnlyList<StoredTensor> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        Tensors = tensors;
        Metadata = metadata;
    }

    /// <summary>Tensors by rising offset; empty ones before others at the same place.</summary>
    public IReadOnlyList<StoredTensor> Tensors { get; }

    /// <summary>Text to text; empty when the header has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Reads and checks the header of an open file.</summary>
    /// <exception cref="ModelFormatException">The header breaks the format.</exception>
    public static SafetensorsHeader Read(SafeFileHandle handle, string file)
    {
        long fileLength = RandomAccess.GetLength(handle);
        Span<byte> prefix = stackalloc byte[PrefixLength];
        if (fileLength < PrefixLength)
        {
            throw new ModelFormatException(file, "header", 0,
                $"the file has {fileLength} bytes, a safetensors file has at least {PrefixLength}. It is cut short or something else.");
        }

        ReadFully(handle, file, prefix, 0);
        int length = CheckLength(file, BinaryPrimitives.ReadUInt64LittleEndian(prefix), fileLength);
        var json = new byte[length];
        ReadFully(handle, file, json, PrefixLength);
        return Parse(file, json, fileLength);
    }

    /// <summary>Checks the claimed length of the header; the comparison is made unsigned, so that no addition can wrap.</summary>
    internal static int CheckLength(string file, ulong length, long fileLength)
    {
        if (length > MaxLength)
        {
            throw new ModelFormatException(file, "header", 0,
                $"claims {length:N0} bytes, at most {MaxLength:N0} are read. The file is damaged or no safetensors file.");
        }

        if (length > (ulong)(fileLength - PrefixLength))
        {
            throw new ModelFormatException(file, "header", 0,
                $"claims {length:N0} bytes, but only {fileLength - PrefixLength:N0} follow. The file is cut short or damaged.");
        }

        if (length == 0)
        {
            throw new ModelFormatException(file, "header", 0, "has length 0. The smallest header is {}.");
        }

        return (int)length;
    }

    /// <summary>Checks the JSON of a header against the format and against the size of the whole file.</summary>
    internal static SafetensorsHeader Parse(string file, ReadOnlySpan<byte> json, long fileLength)
    {
        // The format asks for '{' at byte 8. The library also takes white space and is laxer than the format here; we are not:
        // a header that starts otherwise was not written by a safetensors writer.
        if (json[0] != (byte)'{')
        {
            throw new ModelFormatException(file, "header", PrefixLength, $"starts with the byte 0x{json[0]:x2}. A header starts with '{{'.");
        }

        if (!Utf8.IsValid(json))
        {
            throw new ModelFormatException(file, "header", PrefixLength, "is not valid UTF-8.");
        }

        var reader = new SafetensorsHeaderReader(file, json, PrefixLength + (long)json.Length);
        SafetensorsHeader header = reader.Read();
        CheckTiling(file, header.Tensors, PrefixLength + (long)json.Length, fileLength);
        return header;
    }

    /// <summary>Walks the tensors by offset: each must start where the one before ended, and the last must end with the file.</summary>
    private static void CheckTiling(string file, IReadOnlyList<StoredTensor> tensors, long dataStart, long fileLength)
    {
        long end = dataStart;
        foreach (StoredTensor tensor in tensors)
        {
            if (tensor.Offset != end)
            {
                string what = tensor.Offset < end ? "overlaps the tensor before it, which ends at" : "leaves a hole after";
                throw new ModelFormatException(file, $"tensor '{tensor.Name}'", tensor.Offset,
                    $"{what} byte {end:N0}. Tensors must follow each other without gaps.");
            }

            // Offset is at most fileLength here, so the sum could only wrap for a length that the next line refuses anyway.
            if (tensor.ByteLength > fileLength - tensor.Offset)
            {
                throw new ModelFormatException(file, $"tensor '{tensor.Name}'", tensor.Offset,
                    $"needs {tensor.ByteLength:N0} bytes, the file ends after {fileLength - tensor.Offset:N0}. It is cut short or damaged.");
            }

            end += tensor.ByteLength;
        }

        if (end != fileLength)
        {
            throw new ModelFormatException(file, "data", end,
                $"{fileLength - end:N0} bytes follow the last tensor. The data must be used completely.");
        }
    }

    private static void ReadFully(SafeFileHandle handle, string file, Span<byte> destination, long offset)
    {
        while (destination.Length > 0)
        {
            int count = RandomAccess.Read(handle, destination, offset);
            if (count == 0)
            {
                throw new ModelFormatException(file, "header", offset, "the file ends here; it has shrunk while it was read.");
            }

            destination = destination[count..];
            offset += count;
        }
    }
}
