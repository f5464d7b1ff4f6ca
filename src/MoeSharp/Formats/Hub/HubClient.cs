namespace MoeSharp.Formats.Hub;

/// <summary>Brings models from a Hugging Face-style hub: lists a repository, and downloads files of it into a folder.</summary>
/// <remarks>
/// <para>Lost connections are resumed where they stopped; every file is compared with the length and checksum that the hub lists, and
/// gets its name only then. No path that the hub chooses leaves the folder. The token goes to the hub alone.</para>
/// <para>Safe for concurrent use with different folders; a second download into the same file is refused.</para>
/// </remarks>
public sealed class HubClient
{
    private const int ListingLimit = 64 << 20;

    private readonly HubOptions _options;
    private readonly HubConnection _connection;

    /// <summary>Uses a client for all requests.</summary>
    /// <param name="http">Should follow no redirects itself (<see cref="CreateHttp"/>), so that they are judged here.</param>
    /// <param name="options">Which hub; null for huggingface.co without a token.</param>
    /// <exception cref="ArgumentException">The address of the hub is not http or https.</exception>
    public HubClient(HttpClient http, HubOptions? options = null)
    {
        _options = options ?? new HubOptions();
        if (!_options.BaseAddress.IsAbsoluteUri || _options.BaseAddress.Scheme is not ("http" or "https"))
        {
            throw new ArgumentException($"hub: '{_options.BaseAddress}' is no address of a hub. Use one that begins with https://.", nameof(options));
        }

        _connection = new HubConnection(http, _options);
    }

    /// <summary>A client that follows no redirects and has no time limit of its own.</summary>
    public static HttpClient CreateHttp() => new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>Lists the files of a repository.</summary>
    /// <param name="repository">As <c>OWNER/NAME</c>.</param>
    /// <param name="revision">A branch, tag or commit.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ArgumentException">The name is none.</exception>
    /// <exception cref="HubException">The hub does not answer, refuses, has no such repository, or lists a path that leaves a folder.</exception>
    public async Task<HubListing> ListAsync(string repository, string revision = "main", CancellationToken cancellation = default)
    {
        HubPaths.ThrowIfNoRepository(repository);
        Uri address = AddressOf($"api/models/{repository}/revision/{Uri.EscapeDataString(revision)}?blobs=true");
        var retries = new HubRetries(_options);
        while (true)
        {
            try
            {
                using HubResponse response = await _connection.GetAsync(repository, address, 0, null, cancellation).ConfigureAwait(false);
                return HubListing.Parse(repository, revision, await ReadAsync(repository, response, cancellation).ConfigureAwait(false));
            }
            catch (HubException fault) when (fault.IsTransient)
            {
                await retries.PauseAsync(fault, cancellation).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Downloads files, one after another; what is there already and right is left alone.</summary>
    /// <param name="listing">The repository.</param>
    /// <param name="files">Files of it.</param>
    /// <param name="folder">Where to; made when it is not there.</param>
    /// <param name="progress">Told often; null for nobody.</param>
    /// <param name="cancellation">Ends it; what arrived stays and is gone on with next time.</param>
    /// <exception cref="HubException">The hub fails again and again, a file is not what the hub lists, or its path is not safe.</exception>
    /// <exception cref="IOException">The disk is full, or the folder cannot be written.</exception>
    public async Task<IReadOnlyList<HubOutcome>> DownloadAsync(
        HubListing listing,
        IReadOnlyList<HubFile> files,
        string folder,
        IProgress<HubProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        string root = Path.GetFullPath(folder);
        long total = files.Sum(file => file.Length ?? 0), before = 0;
        var outcomes = new List<HubOutcome>();
        foreach (HubFile file in files)
        {
            cancellation.ThrowIfCancellationRequested();
            string target = HubPaths.TargetOf(root, listing.Repository, file.Path);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            string path = string.Join('/', file.Path.Split('/').Select(Uri.EscapeDataString));
            Uri address = AddressOf($"{listing.Repository}/resolve/{Uri.EscapeDataString(listing.Revision)}/{path}");
            var download = new HubDownload(_connection, _options, listing.Repository, file, address, target);
            long past = before;
            HubOutcome outcome = await download.RunAsync(
                (done, note) => progress?.Report(new HubProgress(file.Path, past + done, Math.Max(total, past + done), note)), cancellation).ConfigureAwait(false);
            outcomes.Add(outcome);
            before += outcome.Length;
        }

        return outcomes;
    }

    private Uri AddressOf(string path) => new($"{_options.BaseAddress.AbsoluteUri.TrimEnd('/')}/{path}");

    private async Task<byte[]> ReadAsync(string repository, HubResponse response, CancellationToken cancellation)
    {
        using var content = new MemoryStream();
        byte[] buffer = new byte[1 << 16];
        Stream body = await _connection.WaitAsync(repository, response.Message.Content.ReadAsStreamAsync, cancellation).ConfigureAwait(false);
        await using (body.ConfigureAwait(false))
        {
            while (true)
            {
                int count = await _connection.WaitAsync(repository, token => body.ReadAsync(buffer, token).AsTask(), cancellation).ConfigureAwait(false);
                if (count == 0)
                {
                    return content.ToArray();
                }

                content.Write(buffer, 0, count);
                if (content.Length > ListingLimit)
                {
                    throw new HubException($"{repository}: the hub's list of files is longer than {ListingLimit:N0} bytes.");
                }
            }
        }
    }
}
