namespace MoeSharp.Formats.Hub;

/// <summary>An answer after all redirects, and what the hub itself said about the file on the way.</summary>
internal sealed class HubResponse(HttpResponseMessage message, bool isFromHub, string? linkedTag, long? linkedLength) : IDisposable
{
    public HttpResponseMessage Message => message;

    /// <summary>SHA-256 by the hub's word; a storage it redirects to may call tags what it likes.</summary>
    public string? Sha256 => HubDigest.Normalize(linkedTag ?? (isFromHub ? message.Headers.ETag?.Tag : null), 64);

    /// <summary>SHA-1 of git's blob by the hub's word.</summary>
    public string? GitId => HubDigest.Normalize(linkedTag ?? (isFromHub ? message.Headers.ETag?.Tag : null), 40);

    /// <summary>A tag to resume by; null when the server gives no strong one.</summary>
    public string? Tag => message.Headers.ETag is { IsWeak: false } tag ? tag.Tag : null;

    /// <summary>Bytes of the whole file.</summary>
    public long? Length => linkedLength ?? message.Content.Headers.ContentRange?.Length
        ?? (message.Content.Headers.ContentRange is null ? message.Content.Headers.ContentLength : null);

    public void Dispose() => message.Dispose();
}
