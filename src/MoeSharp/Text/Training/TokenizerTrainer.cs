using System.Globalization;
using System.Text.Json;
using MoeSharp.Text.Decoding;
using MoeSharp.Text.Models;
using MoeSharp.Text.Patterns;
using MoeSharp.Text.PreTokenization;

namespace MoeSharp.Text.Training;

/// <summary>Learns a byte-level byte-pair vocabulary from text.</summary>
/// <remarks>
/// <para>Words are cut as GPT-2 does. Ids: the special tokens first, then the 256 bytes in order, then one entry per merge in the order learned.</para>
/// <para>Deterministic: the most frequent pair is merged; of equals, the one with the lower left id, then the lower right id.</para>
/// <para>The result has no normalizer, so every text comes back exactly.</para>
/// </remarks>
public static class TokenizerTrainer
{
    /// <summary>The usual mark between documents, and the default special token.</summary>
    public const string EndOfText = "<|endoftext|>";

    private const int ReportEvery = 64;

    /// <summary>Learns a tokenizer.</summary>
    /// <param name="documents">The corpus as UTF-8, read once; words do not reach across documents.</param>
    /// <param name="vocabularySize">Entries wanted, special tokens and bytes included. Fewer result when no pair is left that occurs often enough.</param>
    /// <param name="specialTokens">Texts of the special tokens, in the order of their ids; <see langword="null"/> for <see cref="EndOfText"/> alone.</param>
    /// <param name="minFrequency">Least count of a pair that is merged. Default 2.</param>
    /// <param name="progress">Told after each document and during merging.</param>
    /// <param name="cancellationToken">Stops between documents and merges.</param>
    /// <exception cref="ArgumentException">The size has no room for bytes and special tokens, a special token is empty or repeated, or the corpus is empty.</exception>
    /// <exception cref="OperationCanceledException">It was asked to stop.</exception>
    public static Tokenizer Train(
        IEnumerable<ReadOnlyMemory<byte>> documents,
        int vocabularySize,
        IReadOnlyList<string>? specialTokens = null,
        int minFrequency = 2,
        IProgress<TokenizerTrainingProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        specialTokens ??= [EndOfText];
        Check(vocabularySize, specialTokens, minFrequency);

        // 1. Count words.
        var counter = new WordCounter();
        long bytesRead = 0;
        foreach (ReadOnlyMemory<byte> document in documents)
        {
            cancellationToken.ThrowIfCancellationRequested();
            counter.Add(document.Span);
            bytesRead += document.Length;
            progress?.Report(new TokenizerTrainingProgress(bytesRead, counter.Counts.Count, 0, vocabularySize));
        }

        if (counter.Counts.Count == 0)
        {
            throw new ArgumentException("tokenizer training: the corpus is empty. Give at least one document with text.", nameof(documents));
        }

        // 2. Merge the most frequent pair until the vocabulary is full.
        var entries = new List<string>(specialTokens);
        entries.AddRange(Enumerable.Range(0, 256).Select(value => ByteAlphabet.CharacterOf((byte)value).ToString()));
        var ids = entries.Select((entry, id) => (entry, id)).ToDictionary(pair => pair.entry, pair => pair.id, StringComparer.Ordinal);
        var merges = new MergeTable(vocabularySize);
        var merger = new PairMerger(counter.Counts, specialTokens.Count);
        while (entries.Count < vocabularySize && merger.TryTakeBest(minFrequency, out int left, out int right))
        {
            cancellationToken.ThrowIfCancellationRequested();
            string entry = entries[left] + entries[right];

            // Two different pairs can spell the same entry: then the second needs no new id. No merge may spell a special token, which text must not become.
            if (!ids.TryGetValue(entry, out int id))
            {
                id = entries.Count;
                entries.Add(entry);
                ids.Add(entry, id);
            }
            else if (id < specialTokens.Count)
            {
                continue;
            }

            merges.TryAdd(left, right, merges.Count, id);
            merger.Merge(left, right, id);
            if (entries.Count % ReportEvery == 0 || entries.Count == vocabularySize)
            {
                progress?.Report(new TokenizerTrainingProgress(bytesRead, counter.Counts.Count, entries.Count, vocabularySize));
            }
        }

        return Build(ids, merges, specialTokens);
    }

    private static void Check(int vocabularySize, IReadOnlyList<string> specialTokens, int minFrequency)
    {
        int least = 256 + specialTokens.Count;
        if (vocabularySize < least)
        {
            throw new ArgumentOutOfRangeException(
                nameof(vocabularySize), $"tokenizer training: the vocabulary size is {vocabularySize}. It must be at least {least}: 256 bytes and {specialTokens.Count} special tokens.");
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(minFrequency, 1);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (string token in specialTokens)
        {
            bool isByte = token.Length == 1 && ByteAlphabet.TryRead(token, out _);
            if (token.Length == 0 || isByte || !seen.Add(token))
            {
                throw new ArgumentException(
                    $"tokenizer training: the special token '{token}' is empty, repeated, or the sign of a single byte. Special tokens must differ from each other and from the bytes.",
                    nameof(specialTokens));
            }
        }
    }

    private static Tokenizer Build(Dictionary<string, int> ids, MergeTable merges, IReadOnlyList<string> specialTokens)
    {
        AddedToken[] added = [.. specialTokens.Select((content, id) => new AddedToken(id, content, IsSpecial: true))];
        return new Tokenizer(new TokenizerParts
        {
            AddedTokens = added,
            PreTokenizers = [new SplitPreTokenizer(new Pattern(SplitPatterns.Gpt2), SplitBehavior.Isolated, invert: false)],
            Model = new BpeModel(new Vocabulary(ids), merges, new BpeOptions(ByteLevel: true)),
            Decoding = DecodingRules.ByteLevel,
            Head = Head(added),
        });
    }

    private static KeyValuePair<string, string>[] Head(AddedToken[] added)
    {
        const string ByteLevel = """{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}""";
        IEnumerable<string> tokens = added.Select(token => string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"id":{{token.Id}},"content":"{{JsonEncodedText.Encode(token.Content)}}","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}"""));
        return
        [
            new("version", "\"1.0\""),
            new("truncation", "null"),
            new("padding", "null"),
            new("added_tokens", "[" + string.Join(",", tokens) + "]"),
            new("normalizer", "null"),
            new("pre_tokenizer", ByteLevel),
            new("post_processor", ByteLevel),
            new("decoder", ByteLevel),
        ];
    }
}
