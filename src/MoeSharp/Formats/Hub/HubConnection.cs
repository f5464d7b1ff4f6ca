using System.Net;
using System.Net.Http.Headers;

namespace MoeSharp.Formats.Hub;

/// <summary>Requests to a hub: follows redirects itself, so that the token never goes to another host, and never waits for ever.</summary>
internal sealed class HubConnection(HttpClient http, HubOptions options)
{
    private const int RedirectLimit = 10;

    /// <summary>Asks for a resource.</summary>
    /// <param name="what">For messages.</param>
    /// <param name="address">On the hub.</param>
    /// <param name="from">First byte wanted; 0 for all.</param>
    /// <param name="tag">The tag that bytes already received had; null for none.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>An answer with 200, 206 or 416.</returns>
    /// <exception cref="HubException">Any other answer, or none.</exception>
    public async Task<HubResponse> GetAsync(string what, Uri address, long from, string? tag, CancellationToken cancellation)
    {
        string? linkedTag = null;
        long? linkedLength = null;
        for (int redirect = 0; redirect <= RedirectLimit; redirect++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            Prepare(request, from, tag);
            HttpResponseMessage response = await SendAsync(what, request, cancellation).ConfigureAwait(false);
            bool isFromHub = IsHub(address);
            if (isFromHub)
            {
                linkedTag = Header(response, "X-Linked-Etag") ?? linkedTag;
                linkedLength = long.TryParse(Header(response, "X-Linked-Size"), out long length) && length >= 0 ? length : linkedLength;
            }

            if ((int)response.StatusCode is 301 or 302 or 303 or 307 or 308 && response.Headers.Location is { } location)
            {
                response.Dispose();
                Uri next = new(address, location);
                if (next.Scheme is not ("http" or "https") || (address.Scheme == "https" && next.Scheme == "http"))
                {
                    throw new HubException($"{what}: the hub redirects from {address.Scheme} to {next.Scheme}, which is not followed.");
                }

                address = next;
                continue;
            }

            if (response.StatusCode is HttpStatusCode.OK or HttpStatusCode.PartialContent or HttpStatusCode.RequestedRangeNotSatisfiable)
            {
                return new HubResponse(response, isFromHub, linkedTag, linkedLength);
            }

            using (response)
            {
                throw Refusal(what, response, isFromHub);
            }
        }

        throw new HubException($"{what}: the hub redirects more than {RedirectLimit} times.");
    }

    /// <summary>Does one thing with the network, and turns what may be better next time into one kind of exception.</summary>
    public async Task<T> WaitAsync<T>(string what, Func<CancellationToken, Task<T>> act, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(options.SilenceLimit);
        try
        {
            return await act(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException fault) when (!cancellation.IsCancellationRequested)
        {
            throw new HubException($"{what}: the hub said nothing for {options.SilenceLimit.TotalSeconds:0} s.", fault) { IsTransient = true };
        }
        catch (Exception fault) when (fault is HttpRequestException or (IOException and not HubException))
        {
            Exception cause = fault.InnerException ?? fault;
            throw new HubException($"{what}: the connection failed: {cause.Message}", fault) { IsTransient = true };
        }
    }

    private async Task<HttpResponseMessage> SendAsync(string what, HttpRequestMessage request, CancellationToken cancellation) =>
        await WaitAsync(what, token => http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, token), cancellation).ConfigureAwait(false);

    private void Prepare(HttpRequestMessage request, long from, string? tag)
    {
        request.Headers.TryAddWithoutValidation("User-Agent", "moesharp");
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
        if (options.Token is { Length: > 0 } token && IsHub(request.RequestUri!))
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        if (from > 0)
        {
            request.Headers.Range = new RangeHeaderValue(from, null);
            if (tag is not null)
            {
                request.Headers.TryAddWithoutValidation("If-Range", tag);
            }
        }
    }

    private bool IsHub(Uri address) =>
        address.Scheme == options.BaseAddress.Scheme && address.Port == options.BaseAddress.Port
        && string.Equals(address.Host, options.BaseAddress.Host, StringComparison.OrdinalIgnoreCase);

    private HubException Refusal(string what, HttpResponseMessage response, bool isFromHub)
    {
        int status = (int)response.StatusCode;
        string advice = status switch
        {
            401 or 403 when !isFromHub => "The storage behind the hub refuses the link; run again for a new one.",
            401 or 403 => options.Token is null
                ? "The repository is private, gated, or not there. Accept its terms on the hub and set HF_TOKEN to a token of yours."
                : "Your token may not read it. Accept the repository's terms on the hub, or use another token.",
            404 => "The hub has no such repository, revision or file. Check the name.",
            429 => "The hub is asked too often. Wait, or set HF_TOKEN.",
            _ => "Try again later.",
        };

        // A signed link of the storage runs out; the hub gives a new one when asked again.
        bool isTransient = status is 408 or 425 or 429 or >= 500 || (status is 401 or 403 && !isFromHub);
        TimeSpan? wait = response.Headers.RetryAfter?.Delta;
        return new HubException($"{what}: the hub answers {status} {HubPaths.Show(response.ReasonPhrase ?? "")}. {advice}") { IsTransient = isTransient, WaitTime = wait };
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out IEnumerable<string>? values) ? values.FirstOrDefault() : null;
}
