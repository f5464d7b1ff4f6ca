using System.Runtime.InteropServices;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Formats.Safetensors;

/// <summary>Writes one safetensors file: the header first, then the tensors as they come, in any order and in parts.</summary>
/// <remarks>
/// <para>Order in the file: larger element types first, then by name (ordinal), as the safetensors library does; so equal
/// content gives equal bytes whatever the order of the calls, and every tensor lies on a multiple of its element size.
/// The header is padded with spaces to a multiple of 8 bytes.</para>
/// <para>Types: floats are written as F32, BF16 or F16 (both rounded to nearest even), integers as I32 or I64, bytes as U8.</para>
/// <para>The file appears under its name with <see cref="Commit"/>, complete (see <see cref="AtomicFile"/>). Nothing of a
/// tensor is kept in memory. Not safe for concurrent use.</para>
/// </remarks>
public sealed class SafetensorsWriter : IDisposable
{
    private const int RawChunk = 1 << 24;

    private static readonly Dictionary<string, string> s_defaultMetadata = new() { ["format"] = "pt" };

    private readonly Dictionary<string, Slot> _slots = new(StringComparer.Ordinal);
    private readonly AtomicFile _file;
    private readonly byte[] _buffer = new byte[StoredTensorDecoder.ChunkBytes];

    /// <summary>Plans the file, reserves its room on disk and writes the header.</summary>
    /// <param name="path">Final name; an older file stays until <see cref="Commit"/>.</param>
    /// <param name="entries">All tensors of the file.</param>
    /// <param name="metadata">Text to text; <see langword="null"/> writes <c>{"format": "pt"}</c>, which transformers asks for; empty writes none.</param>
    /// <exception cref="ArgumentException">A name stands twice or is reserved, a type cannot be written, or a shape is negative or too large.</exception>
    /// <exception cref="IOException">The disk has not enough room, or the folder is missing.</exception>
    public SafetensorsWriter(string path, IEnumerable<SafetensorsEntry> entries, IReadOnlyDictionary<string, string>? metadata = null)
    {
        SafetensorsEntry[] ordered = [.. entries.OrderByDescending(static entry => entry.Type).ThenBy(static entry => entry.Name, StringComparer.Ordinal)];
        long length = 0;
        foreach (SafetensorsEntry entry in ordered)
        {
            long bytes = ByteLength(entry);
            if (!_slots.TryAdd(entry.Name, new Slot(entry, length, bytes)))
            {
                throw new ArgumentException($"safetensors: tensor '{entry.Name}' is planned twice. Names must be unique.", nameof(entries));
            }

            length = checked(length + bytes);
        }

        byte[] header = SafetensorsHeaderWriter.Write(ordered.Select(entry => (entry, _slots[entry.Name].Begin, _slots[entry.Name].ByteLength)), metadata ?? s_defaultMetadata);
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

    /// <summary>Writes the next values of a float tensor, after those written before; all at once or in parts.</summary>
    /// <exception cref="ArgumentException">There is no such tensor, it is an integer, or the values are more than it has.</exception>
    /// <exception cref="IOException">The disk is full.</exception>
    public void Write(string name, ReadOnlySpan<float> values)
    {
        Slot slot = Find(name);
        switch (slot.Entry.Type)
        {
            case StoredType.F32:
                AppendRaw(slot, values);
                break;
            case StoredType.BF16:
                Append(slot, values, BFloat16Kernel.Narrow);
                break;
            case StoredType.F16:
                Append(slot, values, Float16Kernel.Narrow);
                break;
            default:
                throw Mismatch(slot, "floats");
        }
    }

    /// <summary>Writes the next bytes of a tensor as they shall stand in the file, after those written before.</summary>
    /// <exception cref="ArgumentException">There is no such tensor, or the bytes are more than it has.</exception>
    /// <exception cref="IOException">The disk is full.</exception>
    public void WriteBytes(string name, ReadOnlySpan<byte> bytes) => Append(Find(name), bytes);

    /// <summary>Writes a whole float tensor; its element count must be that of the plan.</summary>
    /// <exception cref="ArgumentException">As for spans.</exception>
    /// <exception cref="IOException">The disk is full.</exception>
    public void Write(string name, Tensor tensor)
    {
        if (tensor.Length <= Array.MaxLength)
        {
            Write(name, tensor.Span);
            GC.KeepAlive(tensor);
            return;
        }

        // Beyond one span: row by row.
        for (long row = 0; row < tensor.Shape.Rows; row++)
        {
            Write(name, tensor.Row(row));
        }

        GC.KeepAlive(tensor);
    }

    /// <summary>Writes the next values of an I32 or I64 tensor.</summary>
    /// <exception cref="ArgumentException">There is no such tensor, it is no integer, or the values are more than it has.</exception>
    /// <exception cref="IOException">The disk is full.</exception>
    public void Write(string name, ReadOnlySpan<int> values)
    {
        Slot slot = Find(name);
        if (slot.Entry.Type == StoredType.I32)
        {
            AppendRaw(slot, values);
            return;
        }

        Span<long> wide = MemoryMarshal.Cast<byte, long>(_buffer.AsSpan());
        while (values.Length > 0)
        {
            int count = Math.Min(values.Length, wide.Length);
            for (int i = 0; i < count; i++)
            {
                wide[i] = values[i];
            }

            Write(name, wide[..count]);
            values = values[count..];
        }
    }

    /// <summary>Writes the next values of an I64 tensor.</summary>
    /// <exception cref="ArgumentException">There is no such tensor, it is not I64, or the values are more than it has.</exception>
    /// <exception cref="IOException">The disk is full.</exception>
    public void Write(string name, ReadOnlySpan<long> values)
    {
        Slot slot = Find(name);
        if (slot.Entry.Type != StoredType.I64)
        {
            throw Mismatch(slot, "64-bit integers");
        }

        AppendRaw(slot, values);
    }

    /// <summary>Checks that every tensor was written completely, flushes to disk and gives the file its name.</summary>
    /// <exception cref="InvalidOperationException">A tensor is incomplete.</exception>
    /// <exception cref="IOException">The disk is full, or the file cannot be renamed.</exception>
    public void Commit()
    {
        RequireComplete();
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
                    $"safetensors: tensor '{slot.Entry.Name}' has {slot.Written:N0} of {slot.ByteLength:N0} bytes. Write it completely before Commit.");
            }
        }
    }

    /// <summary>Closes; without <see cref="Commit"/> nothing stays on disk.</summary>
    public void Dispose() => _file.Dispose();

    internal static long ByteLength(SafetensorsEntry entry)
    {
        if (entry.Name == "__metadata__")
        {
            throw new ArgumentException("safetensors: '__metadata__' is reserved and cannot name a tensor.");
        }

        if (entry.Type is not (StoredType.F32 or StoredType.BF16 or StoredType.F16 or StoredType.I32 or StoredType.I64 or StoredType.U8))
        {
            throw new ArgumentException($"safetensors: tensor '{entry.Name}' has type {entry.Type.Name()}, which is not written. Use F32, BF16, F16, I32, I64 or U8.");
        }

        try
        {
            long bytes = entry.Type.Bits() / 8;
            foreach (long size in entry.Shape)
            {
                ArgumentOutOfRangeException.ThrowIfNegative(size);
                bytes = checked(bytes * size);
            }

            return bytes;
        }
        catch (Exception fault) when (fault is OverflowException or ArgumentOutOfRangeException)
        {
            throw new ArgumentException($"safetensors: tensor '{entry.Name}' has shape [{string.Join(", ", entry.Shape)}]. Sizes are at least 0 and fit in 64 bits together.", fault);
        }
    }

    private void Append(Slot slot, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > slot.ByteLength - slot.Written)
        {
            throw new ArgumentException(
                $"safetensors: tensor '{slot.Entry.Name}' has room for {slot.ByteLength - slot.Written:N0} more bytes, got {bytes.Length:N0}.");
        }

        _file.WriteAt(DataStart + slot.Begin + slot.Written, bytes);
        slot.Written += bytes.Length;
    }

    private void AppendRaw<T>(Slot slot, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        // In pieces: the bytes of a long span are more than a span of bytes holds.
        while (values.Length > 0)
        {
            int count = Math.Min(values.Length, RawChunk);
            Append(slot, MemoryMarshal.AsBytes(values[..count]));
            values = values[count..];
        }
    }

    private delegate void Narrowing(ReadOnlySpan<float> source, Span<ushort> destination);

    private void Append(Slot slot, ReadOnlySpan<float> values, Narrowing narrow)
    {
        Span<ushort> narrowed = MemoryMarshal.Cast<byte, ushort>(_buffer.AsSpan());
        while (values.Length > 0)
        {
            int count = Math.Min(values.Length, narrowed.Length);
            narrow(values[..count], narrowed[..count]);
            Append(slot, MemoryMarshal.AsBytes(narrowed[..count]));
            values = values[count..];
        }
    }

    private Slot Find(string name) => _slots.TryGetValue(name, out Slot? slot)
        ? slot
        : throw new ArgumentException($"safetensors: tensor '{name}' was not planned. Name every tensor when the writer is made.");

    private static ArgumentException Mismatch(Slot slot, string values) =>
        new($"safetensors: tensor '{slot.Entry.Name}' is {slot.Entry.Type.Name()} and cannot take {values}.");

    /// <summary>One planned tensor: where it goes and how much of it is there.</summary>
    private sealed class Slot(SafetensorsEntry entry, long begin, long byteLength)
    {
        public SafetensorsEntry Entry { get; } = entry;

        public long Begin { get; } = begin;

        public long ByteLength { get; } = byteLength;

        public long Written { get; set; }
    }
}
