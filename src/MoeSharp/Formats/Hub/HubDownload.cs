using System.Buffers;
using System.Net;

namespace MoeSharp.Formats.Hub;

/// <summary>One file on its way from a hub to a folder.</summary>
/// <remarks>
/// <para>Bytes go into <c>NAME.part</c>, which stays when the download ends early and is gone on with next time
/// (<c>NAME.part.etag</c> says of which version it is). The file gets its name when length and checksum are right.</para>
/// </remarks>
internal sealed class HubDownload(HubConnection connection, HubOptions options, string repository, HubFile file, Uri address, string target)
{
    /// <summary>What the name of an unfinished file ends with.</summary>
    public const string PartSuffix = ".part";

    /// <summary>What the name of the note about an unfinished file ends with.</summary>
    public const string TagSuffix = ".part.etag";

    private const int WrongLimit = 3;

    private readonly string _part = target + PartSuffix;
    private readonly string _tag = target + TagSuffix;
    private long _received;
    private int _wrong;

    private string What => $"{repository}, {HubPaths.Show(file.Path)}";

    /// <summary>Brings the file, however many attempts it takes.</summary>
    /// <param name="tell">Called with the bytes that are there, and a note or null.</param>
    /// <param name="cancellation">Ends it; what arrived stays.</param>
    public async Task<HubOutcome> RunAsync(Action<long, string?> tell, CancellationToken cancellation)
    {
        if (await IsThereAsync(file.Sha256, file.GitId, file.Length, cancellation).ConfigureAwait(false))
        {
            return Outcome(new FileInfo(target).Length, file.Sha256 is not null ? "SHA-256" : file.GitId is not null ? "git id" : "length");
        }

        var retries = new HubRetries(options);
        while (true)
        {
            long before = _received;
            try
            {
                return await AttemptAsync(tell, cancellation).ConfigureAwait(false);
            }
            catch (HubException fault) when (fault.IsTransient)
            {
                if (_received > before)
                {
                    retries.Reset();
                }

                await retries.PauseAsync(fault, cancellation).ConfigureAwait(false);
                tell(PartLength(), $"{fault.Message} Trying again.");
            }
        }
    }

    private async Task<HubOutcome> AttemptAsync(Action<long, string?> tell, CancellationToken cancellation)
    {
        HubPaths.ThrowIfLink(repository, file.Path, _part);
        HubPaths.ThrowIfLink(repository, file.Path, _tag);
        long start = PartLength();
        if (file.Length is { } full && start > full)
        {
            Forget();
            start = 0;
        }

        string? tag = start > 0 && File.Exists(_tag) ? (await File.ReadAllTextAsync(_tag, cancellation).ConfigureAwait(false)).Trim() : null;
        using HubResponse response = await connection.GetAsync(What, address, start, tag, cancellation).ConfigureAwait(false);
        if (response.Message.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            return await EndAsync(start, response, cancellation).ConfigureAwait(false);
        }

        if (response.Message.StatusCode == HttpStatusCode.OK)
        {
            start = 0; // another version, or a server that knows no ranges
        }
        else if (response.Message.Content.Headers.ContentRange is not { From: { } first } || first != start)
        {
            Forget();
            throw new HubException($"{What}: the hub sends another part than was asked for.") { IsTransient = true };
        }

        long? length = file.Length ?? response.Length;
        if (start == 0 && await IsThereAsync(file.Sha256 ?? response.Sha256, file.GitId ?? response.GitId, length, cancellation).ConfigureAwait(false))
        {
            return Outcome(length!.Value, "length");
        }

        if (response.Length is { } said && length != said)
        {
            throw Wrong($"the hub lists {length:N0} bytes and sends {said:N0}");
        }

        await File.WriteAllTextAsync(_tag, response.Tag ?? "", cancellation).ConfigureAwait(false);
        using HubDigest? digest = HubDigest.Create(file.Sha256 ?? response.Sha256, file.GitId ?? response.GitId, length);
        long done;
        var part = new FileStream(_part, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
        await using (part.ConfigureAwait(false))
        {
            part.SetLength(start);
            if (digest is not null && start > 0)
            {
                await digest.AppendAsync(part, start, cancellation).ConfigureAwait(false);
            }

            part.Position = start;
            done = await CopyAsync(response, part, start, length, digest, tell, cancellation).ConfigureAwait(false);
            part.Flush(flushToDisk: true);
        }

        return Finish(done, length, digest);
    }

    private async Task<long> CopyAsync(
        HubResponse response, FileStream part, long done, long? length, HubDigest? digest, Action<long, string?> tell, CancellationToken cancellation)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(1 << 17);
        try
        {
            Stream body = await connection.WaitAsync(What, response.Message.Content.ReadAsStreamAsync, cancellation).ConfigureAwait(false);
            await using (body.ConfigureAwait(false))
            {
                while (true)
                {
                    int count = await connection.WaitAsync(What, token => body.ReadAsync(buffer, token).AsTask(), cancellation).ConfigureAwait(false);
                    if (count == 0)
                    {
                        return done;
                    }

                    if (done + count > length)
                    {
                        throw Wrong($"the hub sends more than the {length:N0} bytes it has");
                    }

                    await part.WriteAsync(buffer.AsMemory(0, count), cancellation).ConfigureAwait(false);
                    digest?.Append(buffer.AsSpan(0, count));
                    done += count;
                    _received += count;
                    tell(done, null);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // The part is as long as the file, or longer: it is the file, or of another version.
    private async Task<HubOutcome> EndAsync(long done, HubResponse response, CancellationToken cancellation)
    {
        long? length = file.Length ?? response.Length;
        if (length != done)
        {
            Forget();
            throw new HubException($"{What}: the part on disk is not of this version.") { IsTransient = true };
        }

        using HubDigest? digest = HubDigest.Create(file.Sha256 ?? response.Sha256, file.GitId ?? response.GitId, length);
        if (digest is not null)
        {
            FileStream part = File.OpenRead(_part);
            await using (part.ConfigureAwait(false))
            {
                await digest.AppendAsync(part, done, cancellation).ConfigureAwait(false);
            }
        }

        return Finish(done, length, digest);
    }

    private HubOutcome Finish(long done, long? length, HubDigest? digest)
    {
        if (done < length)
        {
            throw new HubException($"{What}: the connection ended after {done:N0} of {length:N0} bytes.") { IsTransient = true };
        }

        if (digest?.Difference() is { } difference)
        {
            throw Wrong(difference);
        }

        File.Move(_part, target, overwrite: true);
        File.Delete(_tag);
        return Outcome(done, digest?.Name ?? (length is null ? "nothing" : "length"));
    }

    // Bytes that are wrong are not kept; the same fault again and again is the hub's.
    private HubException Wrong(string fault)
    {
        Forget();
        _wrong++;
        return _wrong < WrongLimit
            ? new HubException($"{What}: {fault}.") { IsTransient = true }
            : new HubException($"{What}: {fault}, {_wrong} times in a row. The copy of the hub is damaged or was replaced; nothing of it was kept.");
    }

    private async Task<bool> IsThereAsync(string? sha256, string? gitId, long? length, CancellationToken cancellation)
    {
        if (length is null || !File.Exists(target) || new FileInfo(target).Length != length)
        {
            return false;
        }

        using HubDigest? digest = HubDigest.Create(sha256, gitId, length);
        if (digest is null)
        {
            return true;
        }

        FileStream stream = File.OpenRead(target);
        await using (stream.ConfigureAwait(false))
        {
            await digest.AppendAsync(stream, length.Value, cancellation).ConfigureAwait(false);
        }

        return digest.Difference() is null;
    }

    private HubOutcome Outcome(long length, string how) => new(file.Path, length, _received, how);

    private long PartLength() => File.Exists(_part) ? new FileInfo(_part).Length : 0;

    private void Forget()
    {
        if (OperatingSystem.IsWindows())
        {
            // an open file cannot be deleted there; the next attempt starts at its first byte
            File.WriteAllText(_tag, "\"none\"");
            return;
        }

        File.Delete(_part);
        File.Delete(_tag);
    }
}
