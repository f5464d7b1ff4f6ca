using System.Runtime.InteropServices;

namespace MoeSharp.Tensors;

/// <summary>Asks the system to map a large block by pages of 2 MiB, which saves most of the address lookups of a matrix product.</summary>
/// <remarks>A wish, on Linux only: where it is not granted nothing changes but the speed.</remarks>
internal static unsafe partial class HugePages
{
    /// <summary>Size and alignment of a large page.</summary>
    public const int Size = 2 << 20;

    /// <summary>Size of an ordinary page, or a multiple of it.</summary>
    public const int SmallSize = 64 << 10;

    private const int AdviceUnneeded = 4; // MADV_DONTNEED
    private const int AdviceHugePage = 14; // MADV_HUGEPAGE of <sys/mman.h>

    private static bool s_available = OperatingSystem.IsLinux();

    /// <summary>Asks for large pages in a block that starts at a multiple of <see cref="Size"/>.</summary>
    public static void Ask(void* start, nuint bytes) => Tell(start, bytes, AdviceHugePage);

    /// <summary>Lets pages of a mapped file go; they are read again when they are touched. Only for pages that hold nothing of their own.</summary>
    public static void Release(void* start, nuint bytes) => Tell(start, bytes, AdviceUnneeded);

    private static void Tell(void* start, nuint bytes, int advice)
    {
        if (!s_available)
        {
            return;
        }

        try
        {
            _ = Advise(start, bytes, advice);
        }
        catch (Exception fault) when (fault is DllNotFoundException or EntryPointNotFoundException)
        {
            s_available = false; // another C library: go on with small pages
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* start, nuint bytes, int advice);
}
