using System.Runtime.InteropServices;

namespace MoeSharp.Tensors;

/// <summary>Asks the system to map a large block by pages of 2 MiB, which saves most of the address lookups of a matrix product.</summary>
/// <remarks>A wish, on Linux only: where it is not granted nothing changes but the speed.</remarks>
internal static unsafe partial class HugePages
{
    /// <summary>Size and alignment of a large page.</summary>
    public const int Size = 2 << 20;

    private const int AdviceHugePage = 14; // MADV_HUGEPAGE of <sys/mman.h>

    private static bool s_available = OperatingSystem.IsLinux();

    /// <summary>Asks for large pages in a block that starts at a multiple of <see cref="Size"/>.</summary>
    public static void Ask(void* start, nuint bytes)
    {
        if (!s_available)
        {
            return;
        }

        try
        {
            _ = Advise(start, bytes, AdviceHugePage);
        }
        catch (Exception fault) when (fault is DllNotFoundException or EntryPointNotFoundException)
        {
            s_available = false; // another C library: go on with small pages
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* start, nuint bytes, int advice);
}
