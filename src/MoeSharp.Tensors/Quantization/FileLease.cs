using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace MoeSharp.Tensors.Quantization;

/// <summary>Linux's read lease on a file: who opens it for writing, or cuts it short, waits until the lease is given back.</summary>
/// <remarks>
/// <para>A page of a mapped file that is gone kills the process at its next touch, and nothing can be done about it then. With a lease a
/// step that has begun ends on a whole file: the system tells us (SIGIO) that somebody waits, and the lease goes back when no step
/// runs any more; the next step looks at the file again. The system waits 45 seconds (<c>/proc/sys/fs/lease-break-time</c>).</para>
/// <para>Only for files of one's own, and not on every file system; <see cref="Enter"/> then does nothing. Safe for concurrent use.</para>
/// <para>Source: fcntl(2), "Leases".</para>
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed partial class FileLease
{
    private const int SetLease = 1024;
    private const int GetLease = 1025;
    private const int ForReading = 0;
    private const int None = 2;
    private const int SomebodyWaits = 29; // SIGIO

    private static readonly Lock s_lock = new();
    private static readonly List<WeakReference<FileLease>> s_all = [];
    private static PosixSignalRegistration? s_registration;

    private readonly SafeFileHandle _file;
    private int _steps;
    private bool _isHeld;

    /// <summary>Makes a lease that is not taken yet.</summary>
    /// <param name="file">The file, open for reading.</param>
    public FileLease(SafeFileHandle file)
    {
        _file = file;
        lock (s_lock)
        {
            // Without a handler the signal would end the process; it stays for good, since leases end when they are collected.
            s_registration ??= PosixSignalRegistration.Create((PosixSignal)SomebodyWaits, OnSignal);
            s_all.RemoveAll(lease => !lease.TryGetTarget(out _));
            s_all.Add(new WeakReference<FileLease>(this));
        }
    }

    /// <summary>True while others wait before they change the file.</summary>
    internal bool IsHeld => _isHeld;

    /// <summary>Begins a step: takes the lease, where it is to be had.</summary>
    public void Enter()
    {
        lock (s_lock)
        {
            _steps++;
            _isHeld = _isHeld || Control(SetLease, ForReading) == 0;
        }
    }

    /// <summary>Ends a step: gives the lease back if somebody waits and no other step runs.</summary>
    public void Exit()
    {
        lock (s_lock)
        {
            _steps--;
            GiveBackIfWanted();
        }
    }

    private static void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        lock (s_lock)
        {
            foreach (WeakReference<FileLease> reference in s_all)
            {
                if (reference.TryGetTarget(out FileLease? lease))
                {
                    lease.GiveBackIfWanted();
                }
            }
        }
    }

    private void GiveBackIfWanted()
    {
        // While somebody waits, the system says what the lease shall become.
        if (_isHeld && _steps == 0 && Control(GetLease, 0) != ForReading)
        {
            _ = Control(SetLease, None);
            _isHeld = false;
        }
    }

    private int Control(int command, int argument)
    {
        bool isAdded = false;
        try
        {
            _file.DangerousAddRef(ref isAdded);
            return FileControl((int)_file.DangerousGetHandle(), command, argument);
        }
        catch (ObjectDisposedException)
        {
            return -1;
        }
        finally
        {
            if (isAdded)
            {
                _file.DangerousRelease();
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "fcntl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int FileControl(int file, int command, nint argument);
}
