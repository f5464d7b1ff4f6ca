namespace MoeSharp.Formats.Hub;

/// <summary>One file of a repository, as the hub lists it.</summary>
/// <param name="Path">Its path in the repository, parts separated by <c>/</c>; safe to put below a folder.</param>
/// <param name="Length">Bytes; null where the hub does not say.</param>
/// <param name="Sha256">SHA-256 of the content, 64 small hexadecimal digits; null where the hub does not say.</param>
/// <param name="GitId">SHA-1 of git's blob of the content, 40 small hexadecimal digits; null where the hub does not say.</param>
public sealed record HubFile(string Path, long? Length, string? Sha256, string? GitId);
