using System.Runtime.InteropServices;
using MoeSharp.Text.Patterns;
using MoeSharp.Text.PreTokenization;

namespace MoeSharp.Text.Training;

/// <summary>Counts the distinct words of a corpus, cut as the tokenizer will cut them.</summary>
internal sealed class WordCounter
{
    private readonly SplitPreTokenizer _split = new(new Pattern(SplitPatterns.Gpt2), SplitBehavior.Isolated, invert: false);
    private readonly PieceList _pieces = new();
    private readonly Dictionary<byte[], long> _counts = new(new WordComparer());

    /// <summary>Words and how often each occurs, in the order of their first occurrence.</summary>
    public IReadOnlyDictionary<byte[], long> Counts => _counts;

    /// <summary>Adds a document; words never reach from one document into the next.</summary>
    public void Add(ReadOnlySpan<byte> document)
    {
        _pieces.Reset(document);
        _split.Split(_pieces);
        var lookup = _counts.GetAlternateLookup<ReadOnlySpan<byte>>();
        for (int index = 0; index < _pieces.Count; index++)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(lookup, _pieces[index], out _)++;
        }
    }
}
