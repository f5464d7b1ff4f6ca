using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using System.Text.Json;

namespace MoeSharp.Formats.Checkpoints;

/// <summary>The list of a checkpoint's files with their sizes and checksums: what tells a whole checkpoint from a damaged one.</summary>
/// <remarks>
/// <para>File <c>manifest.json</c>: <c>{"step": n, "files": {"name": {"bytes": n, "crc32c": "hex"}}}</c>, written last.</para>
/// </remarks>
internal static class CheckpointManifest
{
    /// <summary>Its name in the folder.</summary>
    public const string FileName = "manifest.json";

    /// <summary>Lists and sums up all files of a folder.</summary>
    public static void Write(string folder, long step)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("step", step);
            json.WriteStartObject("files");
            foreach (string path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            {
                json.WriteStartObject(Path.GetRelativePath(folder, path).Replace('\\', '/'));
                json.WriteNumber("bytes", new FileInfo(path).Length);
                json.WriteString("crc32c", Checksum(path).ToString("x8"));
                json.WriteEndObject();
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        AtomicFile.WriteAllBytes(Path.Combine(folder, FileName), stream.ToArray());
    }

    /// <summary>Checks every file against the list.</summary>
    /// <returns>Null when all is well, else what is wrong.</returns>
    public static string? FindFault(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            return $"{FileName} is missing";
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path, Encoding.UTF8));
            foreach (JsonProperty file in document.RootElement.GetProperty("files").EnumerateObject())
            {
                string full = Path.Combine(folder, file.Name);
                if (!File.Exists(full))
                {
                    return $"{file.Name} is missing";
                }

                long bytes = new FileInfo(full).Length, expected = file.Value.GetProperty("bytes").GetInt64();
                if (bytes != expected)
                {
                    return $"{file.Name} has {bytes:N0} bytes instead of {expected:N0}";
                }

                if (Checksum(full).ToString("x8") != file.Value.GetProperty("crc32c").GetString())
                {
                    return $"{file.Name} has changed: its checksum is another one";
                }
            }

            return null;
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException or IOException)
        {
            return $"{FileName} cannot be read: {fault.Message}";
        }
    }

    /// <summary>CRC-32C of a file.</summary>
    private static uint Checksum(string path)
    {
        using FileStream stream = File.OpenRead(path);
        byte[] buffer = new byte[1 << 20];
        uint crc = uint.MaxValue;
        int count;
        while ((count = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false)) > 0)
        {
            ReadOnlySpan<byte> bytes = buffer.AsSpan(0, count);
            for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            {
                crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            }

            foreach (byte single in bytes)
            {
                crc = BitOperations.Crc32C(crc, single);
            }
        }

        return ~crc;
    }
}
