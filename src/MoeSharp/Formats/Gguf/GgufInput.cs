using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace MoeSharp.Formats.Gguf;

/// <summary>The bytes of a GGUF file from its start, through a small window: from a file, or from memory (for tests).</summary>
/// <remarks>
/// <para>Every length is checked against what is left of the file before anything is allocated for it, and the header as a whole
/// against <see cref="MaxHeaderLength"/>.</para>
/// </remarks>
internal sealed class GgufInput
{
    /// <summary>Longest header (metadata and tensor list) that is read; those of the largest published models have a few tens of millions of bytes.</summary>
    public const long MaxHeaderLength = 256_000_000;

    private const int WindowLength = 1 << 16;

    private readonly SafeFileHandle? _handle;
    private readonly ReadOnlyMemory<byte> _memory;
    private readonly byte[] _window;
    private long _windowStart;
    private int _windowCount;

    public GgufInput(string file, SafeFileHandle handle)
    {
        File = file;
        _handle = handle;
        Length = RandomAccess.GetLength(handle);
        _window = new byte[(int)Math.Min(WindowLength, Math.Max(Length, 1))];
    }

    public GgufInput(string file, ReadOnlyMemory<byte> memory)
    {
        File = file;
        _memory = memory;
        Length = memory.Length;
        _window = [];
    }

    /// <summary>Path, for messages.</summary>
    public string File { get; }

    /// <summary>Bytes of the whole file.</summary>
    public long Length { get; }

    /// <summary>Offset of the next byte.</summary>
    public long Position { get; private set; }

    /// <summary>Bytes that may still be read: up to the end of the file, or of the longest header.</summary>
    public long Left => Math.Min(Length, MaxHeaderLength) - Position;

    /// <summary>A number of the format, little-endian.</summary>
    public T Read<T>(string item)
        where T : unmanaged
    {
        Span<byte> bytes = stackalloc byte[8];
        bytes = bytes[..Unsafe.SizeOf<T>()];
        Read(bytes, item);
        return MemoryMarshal.Read<T>(bytes);
    }

    /// <summary>Fills a span with the next bytes.</summary>
    public void Read(Span<byte> destination, string item)
    {
        Require(destination.Length, item);
        while (destination.Length > 0)
        {
            int count = Math.Min(Available(item, out ReadOnlySpan<byte> bytes), destination.Length);
            bytes[..count].CopyTo(destination);
            destination = destination[count..];
            Position += count;
        }
    }

    /// <summary>A count of things that take at least <paramref name="leastBytes"/> each; more than can follow is refused.</summary>
    public int ReadCount(string item, string what, int leastBytes)
    {
        long start = Position;
        ulong count = Read<ulong>(item);
        if (count > (ulong)(Left / leastBytes))
        {
            throw new ModelFormatException(File, item, start, count > (ulong)((Length - Position) / leastBytes)
                ? $"claims {count:N0} {what}, but only {Length - Position:N0} bytes follow. The file is cut short or damaged."
                : $"claims {count:N0} {what}. Headers of more than {MaxHeaderLength:N0} bytes are not read.");
        }

        return (int)count;
    }

    /// <summary>Refuses to read past the end.</summary>
    public void Require(long count, string item)
    {
        if (count > Left)
        {
            throw new ModelFormatException(File, item, Position, count > Length - Position
                ? $"needs {count:N0} bytes, but the file ends after {Length - Position:N0}. It is cut short or damaged."
                : $"lies beyond byte {MaxHeaderLength:N0}. Longer headers are not read.");
        }
    }

    private int Available(string item, out ReadOnlySpan<byte> bytes)
    {
        if (_handle is null)
        {
            bytes = _memory.Span[(int)Position..];
            return bytes.Length;
        }

        if (Position < _windowStart || Position >= _windowStart + _windowCount)
        {
            _windowStart = Position;
            _windowCount = RandomAccess.Read(_handle, _window, Position);
            if (_windowCount == 0)
            {
                throw new ModelFormatException(File, item, Position, "the file ends here; it has shrunk while it was read. Copy it again.");
            }
        }

        bytes = _window.AsSpan((int)(Position - _windowStart), _windowCount - (int)(Position - _windowStart));
        return bytes.Length;
    }
}
