using System.Text.Json;

namespace MoeSharp.Formats.Hub;

/// <summary>The files of a repository at one revision.</summary>
/// <param name="Repository">As <c>OWNER/NAME</c>.</param>
/// <param name="Revision">The branch, tag or commit that was asked for.</param>
/// <param name="Commit">The commit it stands for; null where the hub does not say.</param>
/// <param name="Files">The files, in the hub's order.</param>
public sealed record HubListing(string Repository, string Revision, string? Commit, IReadOnlyList<HubFile> Files)
{
    /// <summary>Reads the hub's answer: <c>siblings</c> with <c>rfilename</c>, and where given <c>size</c>, <c>blobId</c>, <c>lfs.sha256</c>.</summary>
    /// <exception cref="HubException">It is no such answer, or a path in it leads out of the folder it would be put in.</exception>
    internal static HubListing Parse(string repository, string revision, ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("siblings", out JsonElement siblings)
                || siblings.ValueKind != JsonValueKind.Array)
            {
                throw new HubException($"{repository}: the hub's answer lists no files (no 'siblings'). Is it a Hugging Face-style hub?");
            }

            var files = new Dictionary<string, HubFile>(StringComparer.Ordinal);
            foreach (JsonElement sibling in siblings.EnumerateArray())
            {
                if (Text(sibling, "rfilename") is not { } path)
                {
                    throw new HubException($"{repository}: the hub lists a file without a name.");
                }

                HubPaths.ThrowIfUnsafe(repository, path);
                bool isLarge = sibling.TryGetProperty("lfs", out JsonElement lfs) && lfs.ValueKind == JsonValueKind.Object;
                string? sha256 = isLarge ? HubDigest.Normalize(Text(lfs, "sha256") ?? Text(lfs, "oid"), 64) : null;
                long? length = (isLarge ? Number(lfs, "size") : null) ?? Number(sibling, "size");
                string? gitId = isLarge ? null : HubDigest.Normalize(Text(sibling, "blobId"), 40); // of a large file it is the pointer's
                files.TryAdd(path, new HubFile(path, length, sha256, gitId));
            }

            return new HubListing(repository, revision, Text(root, "sha"), [.. files.Values]);
        }
        catch (JsonException fault)
        {
            throw new HubException($"{repository}: the hub's list of files is not JSON. Is it a Hugging Face-style hub?", fault);
        }
        catch (InvalidOperationException fault)
        {
            throw new HubException($"{repository}: the hub's list of files is malformed: {fault.Message}", fault); // a lone surrogate in a name
        }
    }

    private static string? Text(JsonElement element, string key) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    private static long? Number(JsonElement element, string key) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(key, out JsonElement value)
            && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) && number >= 0
            ? number
            : null;
}
