using MoeSharp.Text;

namespace MoeSharp.Data;

/// <summary>Documents as one stream of tokens, each followed by the end token.</summary>
/// <remarks>Immutable; safe for concurrent use. Four bytes a token.</remarks>
public sealed class TokenCorpus
{
    private readonly int[] _tokens;
    private readonly int[] _bytesPerToken;

    internal TokenCorpus(int[] tokens, IReadOnlyList<TokenDocument> documents, int[] bytesPerToken, int endToken)
    {
        _tokens = tokens;
        _bytesPerToken = bytesPerToken;
        Documents = documents;
        EndToken = endToken;
        foreach (int token in tokens)
        {
            TextBytes += bytesPerToken[token];
        }
    }

    /// <summary>The stream [N].</summary>
    public ReadOnlySpan<int> Tokens => _tokens;

    /// <summary>Number of tokens, N.</summary>
    public int TokenCount => _tokens.Length;

    /// <summary>The documents, in order, without gaps.</summary>
    public IReadOnlyList<TokenDocument> Documents { get; }

    /// <summary>The token after every document.</summary>
    public int EndToken { get; }

    /// <summary>Rows an embedding needs: the tokenizer's vocabulary size.</summary>
    public int VocabularySize => _bytesPerToken.Length;

    /// <summary>UTF-8 bytes of all documents (end tokens count none).</summary>
    public long TextBytes { get; }

    /// <summary>UTF-8 bytes of each token's text [V]; 0 for the end token and other special tokens.</summary>
    public ReadOnlySpan<int> BytesPerToken => _bytesPerToken;

    /// <summary>Turns documents into tokens.</summary>
    /// <param name="documents">The documents; read once.</param>
    /// <param name="tokenizer">The tokenizer. Texts of special tokens in a document are ordinary text.</param>
    /// <param name="endToken">The token put after every document, below the tokenizer's vocabulary size.</param>
    /// <param name="progress">Told after each document.</param>
    /// <param name="cancellationToken">Stops between documents.</param>
    /// <exception cref="ArgumentException">The corpus is empty, or the end token is not in the vocabulary.</exception>
    /// <exception cref="InvalidDataException">A document cannot be read; see <see cref="TextCorpus.Documents"/>.</exception>
    public static TokenCorpus Tokenize(
        IEnumerable<CorpusDocument> documents,
        Tokenizer tokenizer,
        int endToken,
        IProgress<CorpusProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        if (endToken < 0 || endToken >= tokenizer.VocabularySize)
        {
            throw new ArgumentOutOfRangeException(nameof(endToken), $"corpus: the end token is {endToken}. It must be below the vocabulary size, {tokenizer.VocabularySize}.");
        }

        var tokens = new List<int>();
        var found = new List<TokenDocument>();
        long bytes = 0;
        foreach (CorpusDocument document in documents)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int start = tokens.Count;
            tokenizer.Encode(document.Text.Span, tokens);
            tokens.Add(endToken);
            found.Add(new TokenDocument(document.Source, start, tokens.Count - start));
            bytes += document.Text.Length;
            progress?.Report(new CorpusProgress(found.Count, bytes, tokens.Count, document.Source));
        }

        if (found.Count == 0)
        {
            throw new ArgumentException("corpus: there is no document. Give at least one text.", nameof(documents));
        }

        return new TokenCorpus([.. tokens], found, LengthsOf(tokenizer, endToken), endToken);
    }

    /// <summary>Splits off held-out text.</summary>
    /// <param name="split">Which text is held out.</param>
    /// <returns>What is trained on and what is measured on; no token is in both, and together they are this corpus.</returns>
    /// <exception cref="ArgumentException">A side would be empty.</exception>
    public (TokenCorpus Training, TokenCorpus HeldOut) Split(HeldOutSplit split)
    {
        var training = new List<TokenDocument>();
        var heldOut = new List<TokenDocument>();
        split.Divide(this, training, heldOut);
        if (training.Count == 0 || heldOut.Count == 0)
        {
            throw new ArgumentException(
                $"corpus: {split} of {Documents.Count} documents with {TokenCount:N0} tokens leaves one side empty. Choose another share, or give more text.", nameof(split));
        }

        return (Part(training), Part(heldOut));
    }

    /// <summary>Writes the text of all documents, one after the other with nothing between, as UTF-8.</summary>
    public void WriteText(Stream stream, Tokenizer tokenizer)
    {
        foreach (int token in _tokens)
        {
            if (_bytesPerToken[token] > 0)
            {
                stream.Write(tokenizer.BytesOf(token));
            }
        }
    }

    private TokenCorpus Part(List<TokenDocument> documents)
    {
        var tokens = new List<int>(documents.Sum(document => document.Length) + 1);
        var moved = new List<TokenDocument>(documents.Count);
        foreach (TokenDocument document in documents)
        {
            int start = tokens.Count;
            tokens.AddRange(_tokens.AsSpan(document.Start, document.Length));

            // A document cut in two ends where it was cut, not at an end token.
            moved.Add(document with { Start = start });
        }

        return new TokenCorpus([.. tokens], moved, _bytesPerToken, EndToken);
    }

    private static int[] LengthsOf(Tokenizer tokenizer, int endToken)
    {
        var lengths = new int[tokenizer.VocabularySize];
        for (int id = 0; id < lengths.Length; id++)
        {
            lengths[id] = id == endToken || tokenizer.IsSpecial(id) ? 0 : tokenizer.BytesOf(id).Length;
        }

        return lengths;
    }
}
