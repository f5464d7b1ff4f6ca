using System.Runtime.InteropServices;
using System.Text;
using MoeSharp.Text.Patterns;

namespace MoeSharp.Text.Models;

/// <summary>Byte-pair encoding: a piece starts as single symbols, and the pair of lowest rank (the leftmost of equals) is merged until none is left.</summary>
/// <remarks>
/// <para>Symbols are bytes when the vocabulary is byte-level, else characters, or bytes for those that it lacks. Pieces of up to 24 symbols are scanned again after each merge; longer ones
/// use a heap over a linked list, so a run of n symbols costs n·log n.</para>
/// <para>Immutable; safe for concurrent use with one cache a caller. Source: Sennrich et al. 2016, arXiv:1508.07909; openai/gpt-2, encoder.py.</para>
/// </remarks>
internal sealed class BpeModel : ITokenModel
{
    private const int NoSymbol = -1;

    private readonly int[] _byteIds = new int[256];
    private readonly Dictionary<string, int>? _wholePieces;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _wholeLookup;
    private readonly int _longestEntry;
    private readonly int _unknownId;
    private readonly Dictionary<int, int> _characterIds = [];
    private readonly BytePieces? _bytePieces;
    private readonly SpaceCuts? _cuts;

    /// <summary>Puts the parts of a vocabulary together.</summary>
    public BpeModel(Vocabulary vocabulary, MergeTable merges, BpeOptions options)
    {
        Vocabulary = vocabulary;
        Merges = merges;
        Options = options;
        _unknownId = options.UnknownToken is string unknown && vocabulary.TryGetId(unknown, out int id) ? id : NoSymbol;
        for (int value = 0; value < 256; value++)
        {
            _byteIds[value] = vocabulary.TryGetId(ByteAlphabet.CharacterOf((byte)value).ToString(), out int byteId) ? byteId : NoSymbol;
        }

        if (!options.ByteLevel)
        {
            foreach ((string token, int tokenId) in vocabulary.InOrder())
            {
                if (token.Length > 0 && Rune.TryGetRuneAt(token, 0, out Rune rune) && rune.Utf16SequenceLength == token.Length)
                {
                    _characterIds[rune.Value] = tokenId;
                }
            }

            _bytePieces = options.ByteFallback ? new BytePieces(vocabulary) : null;
            _cuts = options.IgnoreMerges ? null : new SpaceCuts(vocabulary.InOrder().Select(entry => entry.Key));
        }

        if (options.IgnoreMerges)
        {
            _wholePieces = new Dictionary<string, int>(vocabulary.InOrder(), StringComparer.Ordinal);
            _wholeLookup = _wholePieces.GetAlternateLookup<ReadOnlySpan<char>>();
            _longestEntry = 4 * _wholePieces.Keys.Select(entry => entry.Length).DefaultIfEmpty(0).Max(); // in bytes, at most
        }
    }

    /// <summary>Entries and ids.</summary>
    public Vocabulary Vocabulary { get; }

    /// <summary>What merges, in which order.</summary>
    public MergeTable Merges { get; }

    /// <summary>The model's choices.</summary>
    public BpeOptions Options { get; }

    /// <inheritdoc/>
    public int Count => Vocabulary.Count;

    /// <inheritdoc/>
    public int LargestId => Vocabulary.LargestId;

    /// <inheritdoc/>
    public bool CoversAllBytes => Options.ByteLevel ? !_byteIds.Contains(NoSymbol) : _bytePieces?.IsComplete == true;

    /// <inheritdoc/>
    public string? TokenOf(int id) => Vocabulary.TokenOf(id);

    /// <inheritdoc/>
    public bool TryGetId(string token, out int id) => Vocabulary.TryGetId(token, out id);

    /// <inheritdoc/>
    public void Encode(ReadOnlySpan<byte> piece, List<int> ids, WordCache cache)
    {
        // Without a pre-tokenizer a whole text comes as one piece.
        for (int start = 0; _cuts is not null && start < piece.Length;)
        {
            int end = _cuts.End(piece, start);
            EncodeWord(piece[start..end], ids, cache);
            start = end;
        }

        if (_cuts is null)
        {
            EncodeWord(piece, ids, cache);
        }
    }

    private void EncodeWord(ReadOnlySpan<byte> piece, List<int> ids, WordCache cache)
    {
        bool cached = piece.Length <= WordCache.LongestWord;
        if (cached && cache.TryGet(piece, out ReadOnlySpan<int> known))
        {
            ids.AddRange(known);
            return;
        }

        int start = ids.Count;
        if (!TryWhole(piece, ids))
        {
            AddSymbols(piece, ids);
            Span<int> symbols = CollectionsMarshal.AsSpan(ids)[start..];
            int count = PieceMerger.Merge(symbols, Merges);
            CollectionsMarshal.SetCount(ids, start + count);
        }

        if (cached)
        {
            cache.Add(piece, CollectionsMarshal.AsSpan(ids)[start..]);
        }
    }

    private bool TryWhole(ReadOnlySpan<byte> piece, List<int> ids)
    {
        if (_wholePieces is null)
        {
            return false;
        }

        if (piece.Length > _longestEntry)
        {
            return false;
        }

        Span<char> text = piece.Length <= 256 ? stackalloc char[piece.Length] : new char[piece.Length];
        text = text[..(Options.ByteLevel ? ByteAlphabet.Write(piece, text) : Encoding.UTF8.GetChars(piece, text))];
        if (!_wholeLookup.TryGetValue(text, out int id))
        {
            return false;
        }

        ids.Add(id);
        return true;
    }

    private void AddSymbols(ReadOnlySpan<byte> piece, List<int> ids)
    {
        bool afterUnknown = false;
        for (int position = 0; position < piece.Length;)
        {
            int length = 1;
            int id = Options.ByteLevel ? _byteIds[piece[position]] : IdOfCharacter(piece, position, out length);
            if (id == NoSymbol && _bytePieces?.TryAdd(piece.Slice(position, length), ids) == true)
            {
                afterUnknown = false;
                position += length;
                continue;
            }

            if (id == NoSymbol)
            {
                if (_unknownId == NoSymbol)
                {
                    throw new ArgumentException(
                        $"tokenizer: the bytes {Convert.ToHexString(piece.Slice(position, length))} have no token, and the vocabulary names no unknown token. Leave them out of the text.");
                }

                if (!(afterUnknown && Options.FuseUnknown))
                {
                    ids.Add(_unknownId);
                }
            }
            else
            {
                ids.Add(id);
            }

            afterUnknown = id == NoSymbol;
            position += length;
        }
    }

    private int IdOfCharacter(ReadOnlySpan<byte> piece, int position, out int length)
    {
        int value = CodePoints.Read(piece, position, out length);
        return _characterIds.TryGetValue(value, out int id) ? id : NoSymbol;
    }
}
