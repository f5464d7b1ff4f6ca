using System.Runtime.InteropServices;
using System.Text;

namespace MoeSharp.Formats.Checkpoints;

/// <summary>Puts the entries of a folder on disk, so that a rename survives a power failure.</summary>
/// <remarks>
/// .NET cannot open a folder, so this is <c>fsync</c> of the system's own C library. Where there is none (Windows journals its
/// renames) or the file system refuses, nothing happens: what is lost then is the newest checkpoint after a power failure, never
/// one that a killed process wrote.
/// </remarks>
internal static class FolderFlush
{
    private const int ReadOnly = 0;

    /// <summary>Flushes the entries of a folder.</summary>
    /// <returns>True when the system says that they are on disk.</returns>
    public static bool TryRun(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return false;
        }

        try
        {
            int handle = Open(Encoding.UTF8.GetBytes(folder + '\0'), ReadOnly);
            if (handle < 0)
            {
                return false;
            }

            int result = Flush(handle);
            _ = Close(handle);
            return result == 0;
        }
        catch (Exception fault) when (fault is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
    }

    [DllImport("libc", EntryPoint = "open")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open(byte[] path, int flags);

    [DllImport("libc", EntryPoint = "fsync")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Flush(int handle);

    [DllImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int handle);
}
