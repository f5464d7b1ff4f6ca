using Microsoft.Win32.SafeHandles;

namespace MoeSharp.Formats;

/// <summary>A file that appears complete or not at all: written aside in the same folder, flushed to disk, then renamed.</summary>
/// <remarks>
/// <para>Until <see cref="Commit"/> the old file of that name is untouched; a process killed at any instant leaves either the old
/// or the new file, and perhaps a leftover <c>&lt;name&gt;.moe-tmp</c>. The next write of the same file reuses the leftover's name;
/// <see cref="RemoveLeftovers"/> clears a folder.</para>
/// <para>The data is flushed before the rename; the folder entry is not, so after a power failure the old file may be the one
/// that is found, but never half of a file.</para>
/// <para>A full disk gives one <see cref="IOException"/> with the file, the bytes wanted and the bytes free.</para>
/// <para>Not safe for concurrent use; a second writer of the same file, in any process, is refused.</para>
/// </remarks>
public sealed class AtomicFile : IDisposable
{
    /// <summary>What the name of an unfinished file ends with.</summary>
    public const string TemporarySuffix = ".moe-tmp";

    /// <summary>ENOSPC and EDQUOT of Linux, ENOSPC's Windows names: what .NET reports as HResult when a disk is full.</summary>
    private static readonly int[] s_diskFull = [28, 122, unchecked((int)0x80070070), unchecked((int)0x80070027)];

    private readonly SafeFileHandle _handle;
    private readonly string _temporaryPath;
    private long _expectedBytes;
    private long _position;
    private bool _committed;

    internal AtomicFile(string path, string temporaryPath, SafeFileHandle handle, long expectedBytes)
    {
        Path = path;
        _temporaryPath = temporaryPath;
        _handle = handle;
        _expectedBytes = expectedBytes;
    }

    /// <summary>The name the file gets when it is committed.</summary>
    public string Path { get; }

    /// <summary>Starts a file.</summary>
    /// <param name="path">The final name; its folder must exist.</param>
    /// <param name="expectedBytes">Size it will have, if known: the room is reserved first, so that a full disk is met before
    /// anything is written. 0 when unknown.</param>
    /// <exception cref="IOException">The disk has not enough room, the folder is missing, or another writer is at work.</exception>
    public static AtomicFile Create(string path, long expectedBytes = 0)
    {
        string full = System.IO.Path.GetFullPath(path);
        string temporary = full + TemporarySuffix;
        if (expectedBytes > FreeBytes(full))
        {
            // Before reserving: a reservation that must fail would first take all room there is from everybody else.
            throw DiskFull(full, expectedBytes, s_diskFull[0]);
        }

        try
        {
            SafeFileHandle handle = File.OpenHandle(
                temporary, FileMode.Create, FileAccess.Write, FileShare.None, FileOptions.None, expectedBytes);
            return new AtomicFile(full, temporary, handle, expectedBytes);
        }
        catch (IOException fault) when (IsDiskFull(fault) || expectedBytes > FreeBytes(full))
        {
            // A reservation that fails has an error code of its own, so the room is looked at again.
            throw DiskFull(full, expectedBytes, fault.HResult);
        }
    }

    /// <summary>Writes a whole small file atomically.</summary>
    /// <exception cref="IOException">As <see cref="Create"/>.</exception>
    public static void WriteAllBytes(string path, ReadOnlySpan<byte> bytes)
    {
        using AtomicFile file = Create(path, bytes.Length);
        file.Write(bytes);
        file.Commit();
    }

    /// <summary>Deletes unfinished files that a killed process left in a folder; those of a running writer stay.</summary>
    /// <returns>How many were deleted.</returns>
    public static int RemoveLeftovers(string folder)
    {
        int count = 0;
        foreach (string path in Directory.EnumerateFiles(folder, "*" + TemporarySuffix))
        {
            try
            {
                // A running writer holds the lock; then this fails and the file stays.
                using (File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.None))
                {
                    File.Delete(path);
                }

                count++;
            }
            catch (IOException)
            {
            }
            catch (UnauthorizedAccessException)
            {
            }
        }

        return count;
    }

    /// <summary>Appends after the last byte written by this method.</summary>
    /// <exception cref="IOException">The disk is full.</exception>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        WriteAt(_position, bytes);
        _position += bytes.Length;
    }

    /// <summary>Writes at a position; parts may come in any order.</summary>
    /// <exception cref="IOException">The disk is full.</exception>
    public void WriteAt(long offset, ReadOnlySpan<byte> bytes)
    {
        try
        {
            RandomAccess.Write(_handle, bytes, offset);
        }
        catch (IOException fault) when (IsDiskFull(fault))
        {
            throw DiskFull(Path, Math.Max(_expectedBytes, offset + bytes.Length), fault.HResult);
        }

        _expectedBytes = Math.Max(_expectedBytes, offset + bytes.Length);
    }

    /// <summary>Flushes to disk and gives the file its name, replacing an older one.</summary>
    /// <exception cref="IOException">The disk is full, or the file cannot be renamed.</exception>
    public void Commit()
    {
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
        try
        {
            RandomAccess.FlushToDisk(_handle);
        }
        catch (IOException fault) when (IsDiskFull(fault))
        {
            throw DiskFull(Path, _expectedBytes, fault.HResult);
        }

        // Closed only after the rename where the system allows it (it keeps the lock); Windows cannot rename an open file.
        if (OperatingSystem.IsWindows())
        {
            _handle.Dispose();
        }

        File.Move(_temporaryPath, Path, overwrite: true);
        _committed = true;
        _handle.Dispose();
    }

    /// <summary>Closes; without <see cref="Commit"/> the unfinished file is deleted.</summary>
    public void Dispose()
    {
        if (!_handle.IsClosed && !_committed)
        {
            File.Delete(_temporaryPath);
        }

        _handle.Dispose();
    }

    private static bool IsDiskFull(IOException fault) => Array.IndexOf(s_diskFull, fault.HResult) >= 0;

    private static IOException DiskFull(string path, long wanted, int code)
    {
        string free = FreeBytes(path) is long bytes ? $"{bytes:N0}" : "fewer";
        return new IOException(
            $"{System.IO.Path.GetFileName(path)}: the disk is full: {wanted:N0} bytes are wanted, {free} are free. "
            + "Free some room or choose another folder; an older file of this name is untouched.",
            code);
    }
    /// <summary>Room for this user on the disk of a file; <see langword="null"/> when the system does not tell.</summary>
    private static long? FreeBytes(string path)
    {
        try
        {
            return new DriveInfo(System.IO.Path.GetDirectoryName(path)!).AvailableFreeSpace;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }
}
