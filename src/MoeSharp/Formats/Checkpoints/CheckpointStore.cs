using System.Globalization;

namespace MoeSharp.Formats.Checkpoints;

/// <summary>The checkpoints of one run: folders that appear whole or not at all, the newest good one found by itself.</summary>
/// <remarks>
/// <para>A checkpoint <c>step-00001200</c> is written into <c>step-00001200.moe-tmp</c> beside it, listed with checksums
/// (<c>manifest.json</c>), flushed to disk file by file, and renamed. A process that is killed at any instant leaves the older
/// checkpoints as they were, and perhaps an unfinished folder, which the next <see cref="Open"/> removes.</para>
/// <para>One run a folder: a second one, in any process, is refused while the first is alive. Not safe for concurrent use.</para>
/// </remarks>
public sealed class CheckpointStore : IDisposable
{
    private const string Prefix = "step-";
    private const string LockName = ".lock";

    private readonly FileStream _lock;

    private CheckpointStore(string folder, int keptCount, FileStream claim)
    {
        Folder = folder;
        KeptCount = keptCount;
        _lock = claim;
    }

    /// <summary>Where the checkpoints stand.</summary>
    public string Folder { get; }

    /// <summary>Checkpoints that stay; older ones are removed after a new one is complete.</summary>
    public int KeptCount { get; }

    /// <summary>Opens the checkpoints of a run, creates the folder if needed, and clears what a killed process left unfinished.</summary>
    /// <param name="folder">Where they stand.</param>
    /// <param name="keptCount">How many stay; at least 1.</param>
    /// <exception cref="IOException">Another run holds the folder, or it cannot be created or written.</exception>
    public static CheckpointStore Open(string folder, int keptCount = 3)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(keptCount, 1);
        string full = Path.GetFullPath(folder);
        Directory.CreateDirectory(full);
        FileStream claim;
        try
        {
            claim = new FileStream(Path.Combine(full, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException fault)
        {
            throw new IOException(
                $"{full}: another run is writing its checkpoints here. Wait for it to end, or choose another folder.", fault);
        }

        foreach (string leftover in Directory.EnumerateDirectories(full, Prefix + "*" + AtomicFile.TemporarySuffix))
        {
            Directory.Delete(leftover, recursive: true);
        }

        return new CheckpointStore(full, keptCount, claim);
    }

    /// <summary>Writes a checkpoint.</summary>
    /// <param name="step">Its step; a good checkpoint of that step is left as it is.</param>
    /// <param name="write">Writes all files into the folder it is given.</param>
    /// <returns>The folder of the checkpoint.</returns>
    /// <exception cref="IOException">The disk is full or fails: nothing is left of the new checkpoint, the older ones are untouched.</exception>
    public string Save(long step, Action<string> write)
    {
        string final = Path.Combine(Folder, Name(step));
        string aside = final + AtomicFile.TemporarySuffix;
        if (Directory.Exists(final))
        {
            if (CheckpointManifest.FindFault(final) is null)
            {
                return final;
            }

            Directory.Delete(final, recursive: true);
        }

        try
        {
            Directory.CreateDirectory(aside);
            write(aside);
            CheckpointManifest.Write(aside, step);
            Flush(aside);
            Directory.Move(aside, final);
        }
        catch
        {
            RemoveQuietly(aside);
            throw;
        }

        FolderFlush.TryRun(Folder);
        Prune();
        return final;
    }

    /// <summary>The newest checkpoint whose files are all there and unchanged, or null.</summary>
    /// <param name="onDamaged">Told the folder and the fault of each newer one that is not.</param>
    public string? FindLast(Action<string, string>? onDamaged = null)
    {
        foreach ((string folder, _) in List())
        {
            if (CheckpointManifest.FindFault(folder) is not { } fault)
            {
                return folder;
            }

            onDamaged?.Invoke(folder, fault);
        }

        return null;
    }

    /// <summary>As <see cref="FindLast"/>, without claiming the folder: for reading a run that another process may be writing.</summary>
    /// <param name="folder">Where the checkpoints stand.</param>
    public static string? FindLastIn(string folder) => Directory.Exists(folder)
        ? List(Path.GetFullPath(folder)).Select(entry => entry.Folder)
            .FirstOrDefault(candidate => CheckpointManifest.FindFault(candidate) is null)
        : null;

    /// <summary>All checkpoints, good or not, newest first.</summary>
    public IReadOnlyList<(string Folder, long Step)> List() => List(Folder);

    /// <summary>Lets another run have the folder.</summary>
    public void Dispose() => _lock.Dispose();

    private static List<(string Folder, long Step)> List(string folder)
    {
        var found = new List<(string Folder, long Step)>();
        foreach (string path in Directory.EnumerateDirectories(folder, Prefix + "*"))
        {
            ReadOnlySpan<char> number = Path.GetFileName(path.AsSpan())[Prefix.Length..];
            if (long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long step))
            {
                found.Add((path, step));
            }
        }

        found.Sort(static (a, b) => b.Step.CompareTo(a.Step));
        return found;
    }

    private static string Name(long step) => Prefix + step.ToString("D8", CultureInfo.InvariantCulture);

    /// <summary>Every file, then every folder, so that the rename to come can only show what is on disk.</summary>
    private static void Flush(string folder)
    {
        foreach (string path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
            RandomAccess.FlushToDisk(handle);
        }

        foreach (string inner in Directory.EnumerateDirectories(folder, "*", SearchOption.AllDirectories))
        {
            FolderFlush.TryRun(inner);
        }

        FolderFlush.TryRun(folder);
    }

    private static void RemoveQuietly(string folder)
    {
        try
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        catch (IOException)
        {
            // The fault to report is the one that stopped the writing; the next Open clears the rest.
        }
    }

    /// <summary>Removes the oldest; each is renamed first, so that a half-deleted one is never a candidate.</summary>
    private void Prune()
    {
        foreach ((string folder, _) in List().Skip(KeptCount))
        {
            string doomed = folder + AtomicFile.TemporarySuffix;
            RemoveQuietly(doomed);
            try
            {
                Directory.Move(folder, doomed);
            }
            catch (IOException)
            {
                continue; // stays a good checkpoint too many; the next save tries again
            }

            RemoveQuietly(doomed);
        }
    }
}
