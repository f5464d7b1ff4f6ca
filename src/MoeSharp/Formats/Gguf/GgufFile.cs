using System.Diagnostics.CodeAnalysis;
using Microsoft.Win32.SafeHandles;

namespace MoeSharp.Formats.Gguf;

/// <summary>A GGUF model, open for reading: one file, or the parts <c>-00001-of-0000N</c> of one.</summary>
/// <remarks>
/// <para>Opening reads and checks the headers only; values are read on demand, by position, as for safetensors.
/// <see cref="StoredTensor.File"/>, <see cref="StoredTensor.Offset"/> and <see cref="StoredTensor.ByteLength"/> are checked, so a caller may map them.</para>
/// <para>Shapes are outermost first (<c>[out, in]</c>): the reverse of the order in the file.</para>
/// <para>Version 2 and 3, little-endian. Safe for concurrent reads.</para>
/// </remarks>
public sealed class GgufFile : TensorSource
{
    private readonly Dictionary<string, (StoredTensor Tensor, SafeFileHandle Handle)> _byName = new(StringComparer.Ordinal);
    private readonly List<StoredTensor> _tensors = [];
    private readonly List<SafeFileHandle> _handles = [];
    private readonly List<string> _parts = [];

    private GgufFile(string path)
        : base(path)
    {
    }

    /// <summary>Keys and values; those of the first file, when there are several.</summary>
    public GgufMetadata Values { get; private set; } = new();

    /// <summary>Version of the format, 2 or 3.</summary>
    public int Version { get; private set; }

    /// <summary>What the data of tensors starts at multiples of.</summary>
    public int Alignment { get; private set; }

    /// <summary>Paths of the files, one or more.</summary>
    public IReadOnlyList<string> Parts => _parts;

    /// <inheritdoc/>
    public override IReadOnlyList<StoredTensor> Tensors => _tensors;

    /// <summary>The metadata without its arrays, as text.</summary>
    public override IReadOnlyDictionary<string, string> Metadata => Values.ToTexts();

    /// <summary>Opens a file and checks its header; with any part of a split model, opens all parts.</summary>
    /// <exception cref="ModelFormatException">A file breaks the format, or parts do not belong together: it names the tensor or key and the byte offset.</exception>
    /// <exception cref="IOException">The file does not exist or cannot be read.</exception>
    public static GgufFile Open(string path)
    {
        var file = new GgufFile(path);
        try
        {
            (GgufHeader header, SafeFileHandle handle) = file.OpenPart(path);
            int count = header.Metadata.GetOptionalInt(GgufSplit.CountKey) ?? 1;
            if (count <= 1)
            {
                file.Take(header, handle, path);
                return file;
            }

            if (!GgufSplit.TryParse(path, out GgufSplit? split) || split.Count != count)
            {
                throw header.Metadata.Fault(GgufSplit.CountKey,
                    $"is {count}: this is one part of a model. Parts must be named <name>-00001-of-{count:D5}.gguf.");
            }

            file.TakeParts(split, header, handle);
            return file;
        }
        catch (NotSupportedException fault)
        {
            file.Dispose();
            throw new ModelFormatException(path, null, null, "is not a regular file. Tensors are read by position.", fault);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override bool TryFind(string name, [NotNullWhen(true)] out StoredTensor? tensor)
    {
        bool found = _byName.TryGetValue(name, out (StoredTensor Tensor, SafeFileHandle Handle) entry);
        tensor = found ? entry.Tensor : null;
        return found;
    }

    /// <inheritdoc/>
    public override void ReadBytes(StoredTensor tensor, long byteOffset, Span<byte> destination)
    {
        if (!_byName.TryGetValue(tensor.Name, out (StoredTensor Tensor, SafeFileHandle Handle) own) || !ReferenceEquals(own.Tensor, tensor))
        {
            throw new ArgumentException($"tensor '{tensor.Name}' is not one of {Path}.", nameof(tensor));
        }

        if (byteOffset < 0 || byteOffset > tensor.ByteLength - destination.Length)
        {
            throw new ArgumentOutOfRangeException(nameof(byteOffset),
                $"tensor '{tensor.Name}': bytes {byteOffset}..{byteOffset + destination.Length} were asked for, it has {tensor.ByteLength}.");
        }

        long position = tensor.Offset + byteOffset;
        while (destination.Length > 0)
        {
            int count = RandomAccess.Read(own.Handle, destination, position);
            if (count == 0)
            {
                throw new ModelFormatException(tensor.File, $"tensor '{tensor.Name}'", position,
                    "the file ends inside this tensor: it has shrunk since it was opened. Copy it again.");
            }

            destination = destination[count..];
            position += count;
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        foreach (SafeFileHandle handle in _handles)
        {
            handle.Dispose();
        }
    }

    private (GgufHeader Header, SafeFileHandle Handle) OpenPart(string path)
    {
        SafeFileHandle handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        _handles.Add(handle);
        return (GgufHeader.Read(handle, path), handle);
    }

    private void Take(GgufHeader header, SafeFileHandle handle, string path)
    {
        if (_parts.Count == 0)
        {
            (Values, Version, Alignment) = (header.Metadata, header.Version, header.Alignment);
        }

        _parts.Add(path);
        foreach (StoredTensor tensor in header.Tensors)
        {
            if (!_byName.TryAdd(tensor.Name, (tensor, handle)))
            {
                throw new ModelFormatException(path, $"tensor '{tensor.Name}'", tensor.Offset,
                    $"stands in {System.IO.Path.GetFileName(_byName[tensor.Name].Tensor.File)} too.");
            }

            _tensors.Add(tensor);
        }
    }

    private void TakeParts(GgufSplit split, GgufHeader opened, SafeFileHandle openedHandle)
    {
        for (int number = 1; number <= split.Count; number++)
        {
            string path = split.PathOf(number);
            (GgufHeader header, SafeFileHandle handle) = (opened, openedHandle);
            if (number != split.Number)
            {
                (header, handle) = File.Exists(path) ? OpenPart(path) : throw new ModelFormatException(path, null, null,
                    $"is missing: part {number} of {split.Count} of this model. Download it into the same folder.");
            }

            CheckPart(header, split, number);
            Take(header, handle, path);
        }

        if (Values.GetOptionalInt(GgufSplit.TensorCountKey) is int count && count != _tensors.Count)
        {
            throw Values.Fault(GgufSplit.TensorCountKey, $"is {count}, but the {split.Count} parts hold {_tensors.Count} tensors.");
        }
    }

    private static void CheckPart(GgufHeader header, GgufSplit split, int number)
    {
        if (header.Metadata.GetInt(GgufSplit.CountKey) is var count && count != split.Count)
        {
            throw header.Metadata.Fault(GgufSplit.CountKey, $"is {count}, the file is named as one of {split.Count}. It belongs to another model.");
        }

        if (header.Metadata.GetInt(GgufSplit.NumberKey) is var own && own != number - 1)
        {
            throw header.Metadata.Fault(GgufSplit.NumberKey, $"is {own} (from 0), the file is named as part {number}. Parts were renamed or mixed up.");
        }
    }
}
