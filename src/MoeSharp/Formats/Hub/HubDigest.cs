using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace MoeSharp.Formats.Hub;

/// <summary>The checksum of a file while it arrives: SHA-256 of the content, or SHA-1 of git's blob, which is <c>blob LENGTH\0</c> and the content.</summary>
internal sealed class HubDigest : IDisposable
{
    private readonly IncrementalHash _hash;
    private readonly string _expected;

    private HubDigest(HashAlgorithmName name, string expected)
    {
        Name = name == HashAlgorithmName.SHA256 ? "SHA-256" : "git id";
        _hash = IncrementalHash.CreateHash(name);
        _expected = expected;
    }

    /// <summary>What is compared.</summary>
    public string Name { get; }

    /// <summary>The strongest checksum that is known; null for none.</summary>
    /// <param name="sha256">SHA-256, or null.</param>
    /// <param name="gitId">SHA-1 of git's blob, or null.</param>
    /// <param name="length">Bytes of the whole content; without it there is no git blob.</param>
    public static HubDigest? Create(string? sha256, string? gitId, long? length)
    {
        if (sha256 is not null)
        {
            return new HubDigest(HashAlgorithmName.SHA256, sha256);
        }

        if (gitId is null || length is null)
        {
            return null;
        }

        var digest = new HubDigest(HashAlgorithmName.SHA1, gitId);
        digest._hash.AppendData(Encoding.ASCII.GetBytes($"blob {length}\0"));
        return digest;
    }

    /// <summary>A checksum from a header or a list in small digits without quotes; null when it is not one of <paramref name="digits"/> digits.</summary>
    public static string? Normalize(string? text, int digits)
    {
        string? plain = text?.Trim().Trim('"').ToLowerInvariant();
        plain = plain is not null && plain.StartsWith("sha256:", StringComparison.Ordinal) ? plain["sha256:".Length..] : plain;
        return plain?.Length == digits && plain.All(char.IsAsciiHexDigitLower) ? plain : null;
    }

    /// <summary>More of the content.</summary>
    public void Append(ReadOnlySpan<byte> bytes) => _hash.AppendData(bytes);

    /// <summary>The beginning of the content, from disk.</summary>
    public async Task AppendAsync(Stream stream, long length, CancellationToken cancellation)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(1 << 18);
        try
        {
            while (length > 0)
            {
                int count = await stream.ReadAsync(buffer.AsMemory(0, (int)Math.Min(length, buffer.Length)), cancellation).ConfigureAwait(false);
                if (count == 0)
                {
                    return; // shorter than it was: the checksum will tell
                }

                Append(buffer.AsSpan(0, count));
                length -= count;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Ends the content; tells what differs, or null when nothing does.</summary>
    public string? Difference()
    {
        string found = Convert.ToHexStringLower(_hash.GetHashAndReset());
        return found == _expected ? null : $"its {Name} is {found} instead of {_expected}";
    }

    public void Dispose() => _hash.Dispose();
}
