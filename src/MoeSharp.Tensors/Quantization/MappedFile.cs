using System.Diagnostics.CodeAnalysis;
using System.IO.MemoryMappedFiles;

namespace MoeSharp.Tensors.Quantization;

/// <summary>A file mapped into memory for reading: pages are loaded when they are touched, and shared with other processes.</summary>
/// <remarks>
/// <para>A file must not be changed while it is mapped. One that another program cuts short would kill the process at the next
/// touch: whoever touches it does so between <see cref="Enter"/>, which finds out, and <see cref="Exit"/>. On Linux a
/// program that wants to write waits until then (<see cref="FileLease"/>); Windows refuses it as long as the file is mapped.</para>
/// <para>Safe for concurrent use. The mapping ends when nothing refers to it any more.</para>
/// </remarks>
[SuppressMessage("Design", "CA1001", Justification = "Weights point into the mapping: only the collector knows when the last one is gone.")]
public sealed unsafe class MappedFile
{
    private readonly FileStream _stream;
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _pointer;
    private readonly FileLease? _lease;

    /// <summary>Maps a whole file.</summary>
    /// <param name="path">The file; not empty.</param>
    /// <exception cref="IOException">It does not exist or cannot be mapped.</exception>
    public MappedFile(string path)
    {
        Path = path;
        _stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 1);
        Length = _stream.Length;
        _map = MemoryMappedFile.CreateFromFile(_stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        _view = _map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _pointer);
        _pointer += _view.PointerOffset;
        _lease = OperatingSystem.IsLinux() ? new FileLease(_stream.SafeFileHandle) : null;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Its bytes when it was mapped.</summary>
    public long Length { get; }

    /// <summary>True while others wait before they change the file; false where the system cannot make them.</summary>
    internal bool IsGuarded => OperatingSystem.IsLinux() && _lease?.IsHeld == true;

    /// <summary>Begins to touch the file: looks whether it still has its length, and keeps it so where the system can.</summary>
    /// <exception cref="IOException">It has not; its weights must not be touched any more.</exception>
    public void Enter()
    {
        if (OperatingSystem.IsLinux())
        {
            _lease?.Enter();
        }

        try
        {
            ThrowIfChanged();
        }
        catch
        {
            Exit();
            throw;
        }
    }

    /// <summary>Ends what <see cref="Enter"/> began.</summary>
    public void Exit()
    {
        if (OperatingSystem.IsLinux())
        {
            _lease?.Exit();
        }
    }

    private void ThrowIfChanged()
    {
        long now = RandomAccess.GetLength(_stream.SafeFileHandle);
        if (now < Length)
        {
            throw new IOException(
                $"{Path}: the file has shrunk from {Length:N0} to {now:N0} bytes while its weights were in use. Load it again from a whole copy.");
        }
    }

    /// <summary>Tells the system that some bytes will not be read again soon: their pages need not stay in memory.</summary>
    internal void Release(long offset, long length)
    {
        long first = (offset + HugePages.SmallSize - 1) / HugePages.SmallSize * HugePages.SmallSize, last = offset + length;
        if (last - first >= HugePages.SmallSize)
        {
            HugePages.Release(_pointer + first, (nuint)(last - first) / HugePages.SmallSize * HugePages.SmallSize);
        }
    }

    /// <summary>Address of some bytes.</summary>
    internal byte* PointerAt(long offset, long length) => offset >= 0 && length >= 0 && offset <= Length - length
        ? _pointer + offset
        : throw new ArgumentOutOfRangeException(nameof(offset), $"{Path}: has {Length:N0} bytes, {length:N0} from {offset:N0} on were asked for.");
}
