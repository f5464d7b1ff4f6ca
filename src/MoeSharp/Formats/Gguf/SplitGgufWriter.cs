namespace MoeSharp.Formats.Gguf;

/// <summary>Writes a GGUF model as one file, or, above a size, as parts <c>&lt;name&gt;-00001-of-0000N.gguf</c> that the tools of llama.cpp load as one.</summary>
/// <remarks>
/// <para>Tensors go into parts in their order, each part as full as the size allows; a tensor that is larger has a part of its own. All
/// metadata stand in the first part, the others say their number alone (<c>split.no</c> from 0, <c>split.count</c>,
/// <c>split.tensors.count</c> of all parts).</para>
/// <para>The parts get their names with <see cref="Commit"/>, the first one last, so that an interrupted model lacks the part it is opened by.
/// Not safe for concurrent use.</para>
/// </remarks>
public sealed class SplitGgufWriter : IDisposable
{
    private const int MostParts = 65_535; // split.no has 16 bits

    private readonly List<GgufWriter> _writers = [];
    private readonly List<string> _paths = [];
    private readonly Dictionary<string, int> _partOf = new(StringComparer.Ordinal);

    /// <summary>Plans the parts, reserves their room on disk and writes the headers.</summary>
    /// <param name="path">A name that ends in <c>.gguf</c>; that of parts is made of it.</param>
    /// <param name="metadata">Keys and values, without those of parts.</param>
    /// <param name="entries">All tensors, in the order of their data.</param>
    /// <param name="partBytes">Bytes of tensors in one part, at most; null for one file.</param>
    /// <exception cref="ArgumentException">As <see cref="GgufWriter"/>, or there would be more than 65,535 parts.</exception>
    /// <exception cref="IOException">The disk has not enough room, or the folder is missing.</exception>
    public SplitGgufWriter(string path, GgufMetadata metadata, IReadOnlyList<GgufEntry> entries, long? partBytes = null)
    {
        List<List<GgufEntry>> parts = Cut(entries, partBytes);
        if (parts.Count > MostParts)
        {
            throw new ArgumentException($"gguf: parts of {partBytes:N0} bytes would be {parts.Count:N0}, at most {MostParts:N0} are possible. Choose larger ones.", nameof(partBytes));
        }

        try
        {
            for (int i = 0; i < parts.Count; i++)
            {
                foreach (GgufEntry entry in parts[i])
                {
                    if (!_partOf.TryAdd(entry.Name, i))
                    {
                        throw new ArgumentException($"gguf: tensor '{entry.Name}' is planned twice. Names must be unique.", nameof(entries));
                    }
                }

                _paths.Add(parts.Count == 1 ? path : PathsOf(path, parts.Count).PathOf(i + 1));
                _writers.Add(new GgufWriter(_paths[i], parts.Count == 1 ? metadata : PartMetadata(metadata, i, parts.Count, entries.Count), parts[i]));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Paths of the parts; one where there is one file.</summary>
    public IReadOnlyList<string> Paths => _paths;

    /// <summary>The paths that a model will be written to.</summary>
    /// <inheritdoc cref="SplitGgufWriter(string, GgufMetadata, IReadOnlyList{GgufEntry}, long?)" path="/param"/>
    public static IReadOnlyList<string> PathsOf(string path, IReadOnlyList<GgufEntry> entries, long? partBytes)
    {
        int count = Cut(entries, partBytes).Count;
        return count == 1 ? [path] : [.. Enumerable.Range(1, count).Select(PathsOf(path, count).PathOf)];
    }

    /// <summary>Writes the next bytes of a tensor as they shall stand in the file.</summary>
    /// <inheritdoc cref="GgufWriter.WriteBytes" path="/exception"/>
    public void WriteBytes(string name, ReadOnlySpan<byte> bytes) => _writers[_partOf.TryGetValue(name, out int part)
        ? part
        : throw new ArgumentException($"gguf: tensor '{name}' was not planned. Name every tensor when the writer is made.")].WriteBytes(name, bytes);

    /// <summary>Checks that every tensor was written completely, and gives the parts their names, the first one last.</summary>
    /// <exception cref="InvalidOperationException">A tensor is incomplete; no file appears.</exception>
    /// <exception cref="IOException">The disk is full, or a file cannot be renamed.</exception>
    public void Commit()
    {
        foreach (GgufWriter writer in _writers)
        {
            writer.RequireComplete();
        }

        for (int i = _writers.Count - 1; i >= 0; i--)
        {
            _writers[i].Commit();
        }
    }

    /// <summary>Closes; without <see cref="Commit"/> nothing stays on disk.</summary>
    public void Dispose()
    {
        foreach (GgufWriter writer in _writers)
        {
            writer.Dispose();
        }
    }

    private static GgufSplit PathsOf(string path, int count) => new(
        path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) ? path[..^".gguf".Length] : path, 1, count);

    private static List<List<GgufEntry>> Cut(IReadOnlyList<GgufEntry> entries, long? partBytes)
    {
        var parts = new List<List<GgufEntry>> { new() };
        long most = partBytes ?? long.MaxValue, room = most;
        foreach (GgufEntry entry in entries)
        {
            long bytes = GgufWriter.ByteLength(entry);
            if (bytes > room && parts[^1].Count > 0)
            {
                parts.Add([]);
                room = most;
            }

            room -= Math.Min(bytes, room);
            parts[^1].Add(entry);
        }

        return parts;
    }

    private static GgufMetadata PartMetadata(GgufMetadata all, int number, int count, int tensors)
    {
        var metadata = new GgufMetadata();
        foreach (string key in all.Keys.Where(key => number == 0 || key == GgufMetadata.AlignmentKey))
        {
            all.TryFind(key, out GgufValue? value);
            metadata.Set(key, value!);
        }

        metadata.Set(GgufSplit.NumberKey, GgufValue.Of((ushort)number));
        metadata.Set(GgufSplit.CountKey, GgufValue.Of((ushort)count));
        metadata.Set(GgufSplit.TensorCountKey, GgufValue.Of(tensors));
        return metadata;
    }
}
