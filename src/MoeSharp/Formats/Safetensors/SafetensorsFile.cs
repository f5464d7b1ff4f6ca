using System.Diagnostics.CodeAnalysis;
using Microsoft.Win32.SafeHandles;

namespace MoeSharp.Formats.Safetensors;

/// <summary>One safetensors file, open for reading.</summary>
/// <remarks>
/// <para>Opening reads and checks the header only; values are read on demand, by position. The file is not mapped into memory: a
/// mapped file that another program cuts short kills the process, a positioned read that meets the end is a clear error.
/// <see cref="StoredTensor.Offset"/> and <see cref="StoredTensor.ByteLength"/> are checked, so a caller may map them.</para>
/// <para>Safe for concurrent reads.</para>
/// </remarks>
public sealed class SafetensorsFile : TensorSource
{
    private readonly SafeFileHandle _handle;
    private readonly SafetensorsHeader _header;
    private readonly Dictionary<string, StoredTensor> _byName;

    private SafetensorsFile(string path, SafeFileHandle handle, SafetensorsHeader header)
        : base(path)
    {
        _handle = handle;
        _header = header;
        _byName = header.Tensors.ToDictionary(static tensor => tensor.Name, StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<StoredTensor> Tensors => _header.Tensors;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <summary>Opens a file and checks its header.</summary>
    /// <exception cref="ModelFormatException">The file breaks the format: it names the tensor and the byte offset.</exception>
    /// <exception cref="IOException">The file does not exist or cannot be read.</exception>
    public static SafetensorsFile Open(string path)
    {
        SafeFileHandle handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        try
        {
            return new SafetensorsFile(path, handle, SafetensorsHeader.Read(handle, path));
        }
        catch (NotSupportedException fault)
        {
            handle.Dispose();
            throw new ModelFormatException(path, null, null, "is not a regular file. Tensors are read by position.", fault);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override bool TryFind(string name, [NotNullWhen(true)] out StoredTensor? tensor) => _byName.TryGetValue(name, out tensor);

    /// <inheritdoc/>
    public override void ReadBytes(StoredTensor tensor, long byteOffset, Span<byte> destination)
    {
        if (!_byName.TryGetValue(tensor.Name, out StoredTensor? own) || !ReferenceEquals(own, tensor))
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
            int count = RandomAccess.Read(_handle, destination, position);
            if (count == 0)
            {
                throw new ModelFormatException(Path, $"tensor '{tensor.Name}'", position,
                    "the file ends inside this tensor: it has shrunk since it was opened. Copy it again.");
            }

            destination = destination[count..];
            position += count;
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _handle.Dispose();
        }
    }
}
