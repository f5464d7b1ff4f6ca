using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using MoeSharp.Formats;
using MoeSharp.Text;

namespace MoeSharp.Data;

/// <summary>A tokenised corpus on disk, so that a run starts without tokenising again.</summary>
/// <remarks>
/// Layout, little-endian: magic <c>MOETOK01</c>; fingerprint [32 bytes]; vocabulary size, end token, documents, tokens, bytes of an id (2 or 4) as int32;
/// bytes per token as int32 [V]; per document its name (int32 length, UTF-8) and token count (int32); the ids. Written aside, then renamed.
/// </remarks>
public static class TokenFile
{
    private const int FingerprintBytes = 32;

    private static ReadOnlySpan<byte> Magic => "MOETOK01"u8;

    /// <summary>The corpus from the file when it was made from the same text, options and tokenizer; else tokenised, and the file replaced.</summary>
    /// <param name="path">The cache; a damaged one counts as absent.</param>
    /// <param name="corpus">The text.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="endToken">The token after every document.</param>
    /// <param name="progress">Told after each document when tokenising.</param>
    /// <param name="cancellationToken">Stops between documents.</param>
    /// <exception cref="IOException">The text cannot be read, or the file cannot be written.</exception>
    public static TokenCorpus LoadOrTokenize(
        string path,
        TextCorpus corpus,
        Tokenizer tokenizer,
        int endToken,
        IProgress<CorpusProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        byte[] fingerprint = Fingerprint(corpus, tokenizer, endToken);
        try
        {
            if (File.Exists(path) && Read(path, fingerprint) is TokenCorpus cached)
            {
                return cached;
            }
        }
        catch (ModelFormatException)
        {
            // A damaged cache holds nothing that cannot be made again.
        }

        TokenCorpus tokens = TokenCorpus.Tokenize(corpus.Documents(), tokenizer, endToken, progress, cancellationToken);
        Write(path, tokens, fingerprint);
        return tokens;
    }

    /// <summary>Writes a corpus.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="corpus">The corpus.</param>
    /// <param name="fingerprint">32 bytes that say what it was made from.</param>
    public static void Write(string path, TokenCorpus corpus, ReadOnlySpan<byte> fingerprint)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(fingerprint.Length, FingerprintBytes);
        bool narrow = corpus.VocabularySize <= 65536;
        using var content = new MemoryStream();
        content.Write(Magic);
        content.Write(fingerprint);
        WriteNumbers(content, [corpus.VocabularySize, corpus.EndToken, corpus.Documents.Count, corpus.TokenCount, narrow ? 2 : 4]);
        WriteNumbers(content, corpus.BytesPerToken);
        foreach (TokenDocument document in corpus.Documents)
        {
            byte[] source = Encoding.UTF8.GetBytes(document.Source);
            WriteNumbers(content, [source.Length]);
            content.Write(source);
            WriteNumbers(content, [document.Length]);
        }

        using AtomicFile file = AtomicFile.Create(path, content.Length + ((long)corpus.TokenCount * (narrow ? 2 : 4)));
        file.Write(content.GetBuffer().AsSpan(0, (int)content.Length));
        byte[] buffer = new byte[1 << 16];
        int used = 0;
        foreach (int token in corpus.Tokens)
        {
            if (narrow)
            {
                BinaryPrimitives.WriteUInt16LittleEndian(buffer.AsSpan(used), (ushort)token);
            }
            else
            {
                BinaryPrimitives.WriteInt32LittleEndian(buffer.AsSpan(used), token);
            }

            used += narrow ? 2 : 4;
            if (used == buffer.Length)
            {
                file.Write(buffer);
                used = 0;
            }
        }

        file.Write(buffer.AsSpan(0, used));
        file.Commit();
    }

    /// <summary>Reads a corpus.</summary>
    /// <param name="path">The file.</param>
    /// <param name="fingerprint">What it has to be made from; <see langword="default"/> for anything.</param>
    /// <returns>The corpus, or <see langword="null"/> when it was made from something else.</returns>
    /// <exception cref="ModelFormatException">The file is damaged.</exception>
    public static TokenCorpus? Read(string path, ReadOnlySpan<byte> fingerprint = default)
    {
        var reader = new TokenFileReader(path, File.ReadAllBytes(path));
        reader.Require(Magic, "the magic MOETOK01");
        ReadOnlySpan<byte> made = reader.Bytes(FingerprintBytes, "fingerprint");
        return fingerprint.IsEmpty || made.SequenceEqual(fingerprint) ? reader.Corpus() : null;
    }

    /// <summary>A digest of everything the tokens depend on: the files' contents, the options, the tokenizer, the end token.</summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static byte[] Fingerprint(TextCorpus corpus, Tokenizer tokenizer, int endToken)
    {
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var file = new MemoryStream();
        tokenizer.Write(file);
        digest.AppendData(SHA256.HashData(file.GetBuffer().AsSpan(0, (int)file.Length)));
        string options = $"{endToken}\0{corpus.Options.DocumentStart}\0{corpus.Options.Separator}\0{corpus.Files.Count}";
        digest.AppendData(Encoding.UTF8.GetBytes(options));
        foreach (string path in corpus.Files)
        {
            digest.AppendData(Encoding.UTF8.GetBytes("\0" + Path.GetFileName(path)));
            try
            {
                using FileStream stream = File.OpenRead(path);
                digest.AppendData(SHA256.HashData(stream));
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw new IOException($"corpus: '{path}' cannot be read: {exception.Message}", exception);
            }
        }

        return digest.GetHashAndReset();
    }

    private static void WriteNumbers(Stream stream, ReadOnlySpan<int> values)
    {
        Span<byte> bytes = stackalloc byte[4];
        foreach (int value in values)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
            stream.Write(bytes);
        }
    }
}
