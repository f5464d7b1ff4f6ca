using System.Text;
using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Formats.Gguf;

/// <summary>Writes one GGUF file: the header first, then the tensors as they come, in any order and in parts.</summary>
/// <remarks>
/// <para>The data lies in the order of the plan, each tensor at a multiple of the alignment, the last one padded too, as the
/// tools of llama.cpp want it.</para>
/// <para>The file appears under its name with <see cref="Commit"/>, complete (see <see cref="AtomicFile"/>). Nothing of a tensor is kept
/// in memory. Not safe for concurrent use.</para>
/// </remarks>
public sealed class GgufWriter : IDisposable
{
    private const int MaxNameLength = 64;
    private const int CopyBytes = 1 << 22;

    private readonly Dictionary<string, Slot> _slots = new(StringComparer.Ordinal);
    private readonly AtomicFile _file;
    private readonly int _alignment;
    private byte[] _buffer = [];

    /// <summary>Plans the file, reserves its room on disk and writes the header.</summary>
    /// <param name="path">Final name; an older file stays until <see cref="Commit"/>.</param>
    /// <param name="metadata">Keys and values, written in their order; <c>general.alignment</c> is obeyed.</param>
    /// <param name="entries">All tensors of the file, in the order of their data.</param>
    /// <param name="version">2 or 3.</param>
    /// <exception cref="ArgumentException">A name stands twice or is too long, a type or shape is not one of the format, or a key cannot be written.</exception>
    /// <exception cref="IOException">The disk has not enough room, or the folder is missing.</exception>
    public GgufWriter(string path, GgufMetadata metadata, IEnumerable<GgufEntry> entries, int version = 3)
    {
        if (version is not (2 or 3))
        {
            throw new ArgumentException($"gguf: version {version} is not written. Choose 2 or 3.", nameof(version));
        }

        CheckKeys(metadata);
        _alignment = Alignment(metadata);
        var plan = new List<(GgufEntry Entry, long Offset)>();
        long length = 0;
        foreach (GgufEntry entry in entries)
        {
            long bytes = ByteLength(entry);
            if (!_slots.TryAdd(entry.Name, new Slot(entry, length, bytes)))
            {
                throw new ArgumentException($"gguf: tensor '{entry.Name}' is planned twice. Names must be unique.", nameof(entries));
            }

            plan.Add((entry, length));
            length = GgufHeader.Align(checked(length + bytes), _alignment);
        }

        byte[] header = GgufHeaderWriter.Write(version, _alignment, metadata, plan);
        DataStart = header.Length;
        _file = AtomicFile.Create(path, checked(DataStart + length));
        try
        {
            _file.Write(header);
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    private long DataStart { get; }

    /// <summary>Writes the next bytes of a tensor as they shall stand in the file, after those written before.</summary>
    /// <exception cref="ArgumentException">There is no such tensor, or the bytes are more than it has.</exception>
    /// <exception cref="IOException">The disk is full.</exception>
    public void WriteBytes(string name, ReadOnlySpan<byte> bytes) => Append(Find(name), bytes);

    /// <summary>Writes the next values of a tensor in its format, rounded or quantised; whole blocks at a time.</summary>
    /// <param name="name">A tensor of the plan, of a type that can be written from floats.</param>
    /// <param name="values">Whole rows where <paramref name="importance"/> is given, else whole blocks.</param>
    /// <param name="importance">How much an error in a column matters, one a column; empty for all alike.</param>
    /// <exception cref="ArgumentException">There is no such tensor, a value is not finite (block types), or the values are more than it has.</exception>
    /// <exception cref="NotSupportedException">The type cannot be made from floats.</exception>
    /// <exception cref="IOException">The disk is full.</exception>
    public void Write(string name, ReadOnlySpan<float> values, ReadOnlySpan<float> importance = default)
    {
        Slot slot = Find(name);
        BlockFormat format = slot.Entry.Type.Format()
            ?? throw new NotSupportedException($"gguf: tensor '{name}' is {slot.Entry.Type.Name()} and cannot take floats. Use WriteBytes.");

        // Pieces of whole rows, so that importance stays in step; a row alone where it is long.
        int unit = importance.IsEmpty ? format.BlockLength : importance.Length;
        int piece = Math.Max(unit, (1 << 20) / unit * unit);
        while (values.Length > 0)
        {
            ReadOnlySpan<float> part = values[..Math.Min(values.Length, piece)];
            int bytes = checked((int)format.BytesOf(part.Length));
            Span<byte> blocks = Buffer(bytes);
            format.Quantize(part, blocks, importance);
            Append(slot, blocks);
            values = values[part.Length..];
        }
    }

    /// <summary>Copies a whole tensor of the same type and size, a few megabytes at a time.</summary>
    /// <exception cref="ArgumentException">There is no such tensor, or types or sizes differ.</exception>
    /// <exception cref="ModelFormatException">The source has shrunk.</exception>
    /// <exception cref="IOException">The disk is full.</exception>
    public void Copy(string name, TensorSource source, StoredTensor tensor)
    {
        Slot slot = Find(name);
        if (tensor.Type != slot.Entry.Type || tensor.ByteLength != slot.ByteLength)
        {
            throw new ArgumentException($"gguf: {tensor} cannot be copied into '{name}', which is {slot.Entry.Type.Name()} with {slot.ByteLength:N0} bytes.", nameof(tensor));
        }

        for (long done = 0; done < tensor.ByteLength;)
        {
            Span<byte> part = Buffer((int)Math.Min(CopyBytes, tensor.ByteLength - done));
            source.ReadBytes(tensor, done, part);
            Append(slot, part);
            done += part.Length;
        }
    }

    /// <summary>Checks that every tensor was written completely, flushes to disk and gives the file its name.</summary>
    /// <exception cref="InvalidOperationException">A tensor is incomplete.</exception>
    /// <exception cref="IOException">The disk is full, or the file cannot be renamed.</exception>
    public void Commit()
    {
        RequireComplete();
        foreach (Slot slot in _slots.Values)
        {
            int padding = (int)(GgufHeader.Align(slot.ByteLength, _alignment) - slot.ByteLength);
            Span<byte> zeros = Buffer(padding);
            zeros.Clear();
            _file.WriteAt(DataStart + slot.Begin + slot.ByteLength, zeros);
        }

        _file.Commit();
    }

    /// <summary>Checks that every tensor was written completely.</summary>
    /// <exception cref="InvalidOperationException">A tensor is incomplete.</exception>
    internal void RequireComplete()
    {
        foreach (Slot slot in _slots.Values)
        {
            if (slot.Written != slot.ByteLength)
            {
                throw new InvalidOperationException(
                    $"gguf: tensor '{slot.Entry.Name}' has {slot.Written:N0} of {slot.ByteLength:N0} bytes. Write it completely before Commit.");
            }
        }
    }

    /// <summary>Closes; without <see cref="Commit"/> nothing stays on disk.</summary>
    public void Dispose() => _file.Dispose();

    private static void CheckKeys(GgufMetadata metadata)
    {
        foreach (string key in metadata.Keys)
        {
            if (key.Length is 0 or > ushort.MaxValue || key.AsSpan().ContainsAnyExceptInRange('!', '~'))
            {
                throw new ArgumentException($"gguf: key '{key}' cannot be written. Keys are printable ASCII letters, at most 65,535.", nameof(metadata));
            }
        }
    }

    private static int Alignment(GgufMetadata metadata)
    {
        if (!metadata.TryFind(GgufMetadata.AlignmentKey, out GgufValue? value))
        {
            return GgufHeader.DefaultAlignment;
        }

        return value.Type == GgufValueType.UInt32 && value.TryGetInteger(out long alignment) && alignment is >= 8 and <= 1 << 20 && long.IsPow2(alignment)
            ? (int)alignment
            : throw new ArgumentException($"gguf: {GgufMetadata.AlignmentKey} is {value.Type} {value}. It must be a UInt32 and a power of two from 8 to 2^20.", nameof(metadata));
    }

    internal static long ByteLength(GgufEntry entry)
    {
        if (entry.Type.GgmlType() is null)
        {
            throw new ArgumentException($"gguf: tensor '{entry.Name}' has type {entry.Type.Name()}, which GGUF has not.");
        }

        if (Encoding.UTF8.GetByteCount(entry.Name) > MaxNameLength)
        {
            throw new ArgumentException($"gguf: tensor '{entry.Name}' has a name of more than {MaxNameLength} bytes.");
        }

        IReadOnlyList<long> shape = entry.Shape;
        long row = shape.Count == 0 ? 1 : shape[^1];
        if (shape.Count > 4 || shape.Any(static size => size < 1) || row % entry.Type.BlockLength() != 0)
        {
            throw new ArgumentException($"gguf: tensor '{entry.Name}' has shape [{string.Join(", ", shape)}]. There are at most 4 sizes, "
                + $"at least 1 each, and the last is a multiple of {entry.Type.BlockLength()} for {entry.Type.Name()}.");
        }

        long blocks = row / entry.Type.BlockLength();
        for (int i = 0; i < shape.Count - 1; i++)
        {
            blocks = checked(blocks * shape[i]);
        }

        return checked(blocks * entry.Type.BlockBytes());
    }

    private Span<byte> Buffer(int length)
    {
        if (_buffer.Length < length)
        {
            _buffer = new byte[length];
        }

        return _buffer.AsSpan(0, length);
    }

    private void Append(Slot slot, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > slot.ByteLength - slot.Written)
        {
            throw new ArgumentException($"gguf: tensor '{slot.Entry.Name}' has room for {slot.ByteLength - slot.Written:N0} more bytes, got {bytes.Length:N0}.");
        }

        _file.WriteAt(DataStart + slot.Begin + slot.Written, bytes);
        slot.Written += bytes.Length;
    }

    private Slot Find(string name) => _slots.TryGetValue(name, out Slot? slot)
        ? slot
        : throw new ArgumentException($"gguf: tensor '{name}' was not planned. Name every tensor when the writer is made.");

    /// <summary>One planned tensor: where it goes and how much of it is there.</summary>
    private sealed class Slot(GgufEntry entry, long begin, long byteLength)
    {
        public GgufEntry Entry { get; } = entry;

        public long Begin { get; } = begin;

        public long ByteLength { get; } = byteLength;

        public long Written { get; set; }
    }
}
