using System.Globalization;
using System.Text.Json;

namespace MoeSharp.Formats.Safetensors;

/// <summary>Writes the tensors of a model into a folder: as <c>model.safetensors</c>, or, above a size, as several files
/// <c>model-00001-of-0000N.safetensors</c> with their index <c>model.safetensors.index.json</c>.</summary>
/// <remarks>
/// <para>Tensors go into files in their order, each file as full as the size allows; a tensor that is larger has a file of its own. The
/// names are those that transformers writes and reads.</para>
/// <para>All files get their names with <see cref="Commit"/>, the index last: whatever interrupts it, there is no index without its
/// files. Files of these names that another model left in the folder go. Not safe for concurrent use.</para>
/// </remarks>
public sealed class ShardedSafetensorsWriter : IDisposable
{
    /// <summary>Bytes of tensors in one file, unless something else is asked.</summary>
    public const long DefaultShardBytes = 5_000_000_000;

    private readonly List<SafetensorsWriter> _writers = [];
    private readonly List<string> _files = [];
    private readonly Dictionary<string, int> _fileOf = new(StringComparer.Ordinal);
    private readonly string _folder;
    private readonly long _totalBytes;

    /// <summary>Plans the files, reserves their room on disk and writes the headers.</summary>
    /// <param name="folder">The folder; it must exist.</param>
    /// <param name="entries">All tensors.</param>
    /// <param name="shardBytes">Bytes of tensors in one file, at most; headers are not counted.</param>
    /// <exception cref="ArgumentException">As <see cref="SafetensorsWriter"/>, or the size is not positive.</exception>
    /// <exception cref="IOException">The disk has not enough room, or the folder is missing.</exception>
    public ShardedSafetensorsWriter(string folder, IEnumerable<SafetensorsEntry> entries, long shardBytes = DefaultShardBytes)
    {
        if (shardBytes < 1)
        {
            throw new ArgumentException($"safetensors: a file cannot have at most {shardBytes} bytes. Choose at least 1.", nameof(shardBytes));
        }

        _folder = folder;
        var shards = new List<List<SafetensorsEntry>> { new() };
        long room = shardBytes;
        foreach (SafetensorsEntry entry in entries)
        {
            long bytes = SafetensorsWriter.ByteLength(entry);
            if (bytes > room && shards[^1].Count > 0)
            {
                shards.Add([]);
                room = shardBytes;
            }

            room -= Math.Min(bytes, room);
            _totalBytes = checked(_totalBytes + bytes);
            if (!_fileOf.TryAdd(entry.Name, shards.Count - 1))
            {
                throw new ArgumentException($"safetensors: tensor '{entry.Name}' is planned twice. Names must be unique.", nameof(entries));
            }

            shards[^1].Add(entry);
        }

        try
        {
            for (int i = 0; i < shards.Count; i++)
            {
                _files.Add(shards.Count == 1
                    ? SafetensorsModel.FileName
                    : string.Create(CultureInfo.InvariantCulture, $"model-{i + 1:D5}-of-{shards.Count:D5}.safetensors"));
                _writers.Add(new SafetensorsWriter(Path.Combine(folder, _files[i]), shards[i]));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The names of the files, without the index.</summary>
    public IReadOnlyList<string> Files => _files;

    /// <summary>True for the name of a file of several: <c>model-00001-of-00003.safetensors</c>.</summary>
    public static bool IsShard(string name) =>
        name.Length == "model-00001-of-00003.safetensors".Length && name.StartsWith("model-", StringComparison.Ordinal)
        && name.AsSpan(11, 4).SequenceEqual("-of-") && name.EndsWith(".safetensors", StringComparison.Ordinal)
        && !name.AsSpan(6, 5).ContainsAnyExceptInRange('0', '9') && !name.AsSpan(15, 5).ContainsAnyExceptInRange('0', '9');

    /// <summary>Writes the next values of a float tensor.</summary>
    /// <inheritdoc cref="SafetensorsWriter.Write(string, ReadOnlySpan{float})" path="/exception"/>
    public void Write(string name, ReadOnlySpan<float> values) => WriterOf(name).Write(name, values);

    /// <summary>Writes the next values of a float tensor, all of <paramref name="values"/>.</summary>
    /// <inheritdoc cref="SafetensorsWriter.Write(string, ReadOnlySpan{float})" path="/exception"/>
    public void Write(string name, Tensors.Tensor values) => WriterOf(name).Write(name, values);

    /// <summary>Writes the next bytes of a tensor as they shall stand in the file.</summary>
    /// <inheritdoc cref="SafetensorsWriter.WriteBytes" path="/exception"/>
    public void WriteBytes(string name, ReadOnlySpan<byte> bytes) => WriterOf(name).WriteBytes(name, bytes);

    /// <summary>Checks that every tensor was written completely, and gives the files their names, the index last.</summary>
    /// <exception cref="InvalidOperationException">A tensor is incomplete; no file appears.</exception>
    /// <exception cref="IOException">The disk is full, or a file cannot be renamed.</exception>
    public void Commit()
    {
        foreach (SafetensorsWriter writer in _writers)
        {
            writer.RequireComplete();
        }

        // Without its index, a model of several files that was there is none; new files may have names of old ones.
        string index = Path.Combine(_folder, SafetensorsModel.IndexName);
        File.Delete(index);
        foreach (SafetensorsWriter writer in _writers)
        {
            writer.Commit();
        }

        RemoveOthers();
        if (_files.Count > 1)
        {
            AtomicFile.WriteAllBytes(index, Index());
        }
    }

    /// <summary>Closes; without <see cref="Commit"/> nothing stays on disk.</summary>
    public void Dispose()
    {
        foreach (SafetensorsWriter writer in _writers)
        {
            writer.Dispose();
        }
    }

    private SafetensorsWriter WriterOf(string name) => _fileOf.TryGetValue(name, out int file)
        ? _writers[file]
        : throw new ArgumentException($"safetensors: tensor '{name}' was not planned. Name every tensor when the writer is made.");

    private void RemoveOthers()
    {
        foreach (string path in Directory.EnumerateFiles(_folder, "model*.safetensors"))
        {
            string name = Path.GetFileName(path);
            if (!_files.Contains(name) && (name == SafetensorsModel.FileName || IsShard(name)))
            {
                File.Delete(path);
            }
        }
    }

    private byte[] Index()
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteStartObject("metadata");
            json.WriteNumber("total_size", _totalBytes);
            json.WriteEndObject();
            json.WriteStartObject("weight_map");
            foreach ((string name, int file) in _fileOf.OrderBy(entry => entry.Key, StringComparer.Ordinal))
            {
                json.WriteString(name, _files[file]);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        return bytes.ToArray();
    }
}
