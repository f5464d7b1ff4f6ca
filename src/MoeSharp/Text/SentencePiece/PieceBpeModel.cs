using System.Runtime.InteropServices;
using System.Text;
using MoeSharp.Text.Models;
using MoeSharp.Text.Patterns;

namespace MoeSharp.Text.SentencePiece;

/// <summary>SentencePiece's byte-pair encoding: characters merge to entries by score; what is left without an entry becomes bytes or unknown.</summary>
/// <remarks>
/// <para>User-defined entries are found first and never merge. An unused entry is a step on the way: at the end it falls apart into the two
/// parts of best rank.</para>
/// <para>A byte outside UTF-8 is a symbol of its own and becomes its byte entry.</para>
/// <para>Immutable; safe for concurrent use with one cache a caller. Source: google/sentencepiece, bpe_model.cc.</para>
/// </remarks>
internal sealed class PieceBpeModel : ITokenModel
{
    private const int FrozenBase = 0x6000_0000;
    private const int InvalidBase = 0x5000_0000;

    private readonly MergeTable _merges;
    private readonly int[] _ascii = new int[128];
    private readonly Dictionary<int, int> _characters = [];
    private readonly Dictionary<int, (int Left, int Right)> _unusedParts = [];

    /// <summary>The model of a vocabulary.</summary>
    public PieceBpeModel(PieceVocabulary vocabulary)
    {
        Vocabulary = vocabulary;
        _merges = PieceMergeTable.Build(vocabulary);
        for (int value = 0; value < _ascii.Length; value++)
        {
            _ascii[value] = PieceMergeTable.SymbolOf(vocabulary, ((char)value).ToString());
        }

        for (int id = 0; id < vocabulary.Count; id++)
        {
            string text = vocabulary[id].Text;
            if (PieceVocabulary.IsText(vocabulary[id].Type) && Rune.TryGetRuneAt(text, 0, out Rune rune) && rune.Utf16SequenceLength == text.Length)
            {
                _characters[rune.Value] = id;
            }
        }

        foreach ((int left, int right) in _merges.InOrder())
        {
            _ = _merges.RankOf(left, right, out int result);
            if (vocabulary[result].Type == PieceType.Unused)
            {
                _unusedParts.TryAdd(result, (left, right));
            }
        }
    }

    /// <summary>The entries.</summary>
    public PieceVocabulary Vocabulary { get; }

    /// <inheritdoc/>
    public int Count => Vocabulary.Count;

    /// <inheritdoc/>
    public int LargestId => Vocabulary.Count - 1;

    /// <inheritdoc/>
    public bool CoversAllBytes => Vocabulary.Bytes.IsComplete;

    /// <inheritdoc/>
    public string? TokenOf(int id) => Vocabulary.Ids.TokenOf(id);

    /// <inheritdoc/>
    public bool TryGetId(string token, out int id) => Vocabulary.Ids.TryGetId(token, out id);

    /// <inheritdoc/>
    public void Encode(ReadOnlySpan<byte> piece, List<int> ids, WordCache cache)
    {
        for (int start = 0; start < piece.Length;)
        {
            int end = Vocabulary.Cuts.End(piece, start);
            ReadOnlySpan<byte> word = piece[start..end];
            if (word.Length > WordCache.LongestWord)
            {
                EncodeWord(word, ids);
            }
            else if (cache.TryGet(word, out ReadOnlySpan<int> known))
            {
                ids.AddRange(known);
            }
            else
            {
                int first = ids.Count;
                EncodeWord(word, ids);
                cache.Add(word, CollectionsMarshal.AsSpan(ids)[first..]);
            }

            start = end;
        }
    }

    private void EncodeWord(ReadOnlySpan<byte> word, List<int> ids)
    {
        int start = ids.Count;
        AddSymbols(word, ids);
        Span<int> symbols = CollectionsMarshal.AsSpan(ids)[start..];
        int count = PieceMerger.Merge(symbols, _merges);
        symbols = symbols[..count];
        if (symbols.ContainsAnyInRange(PieceMergeTable.CharacterBase, int.MaxValue) || _unusedParts.Count > 0)
        {
            int[] merged = symbols.ToArray();
            CollectionsMarshal.SetCount(ids, start);
            AddResolved(merged, ids);
        }
        else
        {
            CollectionsMarshal.SetCount(ids, start + count);
        }
    }

    private void AddSymbols(ReadOnlySpan<byte> word, List<int> ids)
    {
        int done = 0;
        while (Vocabulary.UserDefined?.Find(word, done, recogniseSpecial: false, out int start, out int end) is AddedToken token)
        {
            AddCharacters(word[done..start], ids);
            ids.Add(FrozenBase + token.Id);
            done = end;
        }

        AddCharacters(word[done..], ids);
    }

    private void AddCharacters(ReadOnlySpan<byte> text, List<int> ids)
    {
        for (int position = 0; position < text.Length;)
        {
            byte first = text[position];
            if (first < 0x80)
            {
                ids.Add(_ascii[first]);
                position++;
                continue;
            }

            int value = CodePoints.Read(text, position, out int length);
            ids.Add(value == CodePoints.Invalid ? InvalidBase + first
                : _characters.TryGetValue(value, out int id) ? id : PieceMergeTable.CharacterBase + value);
            position += length;
        }
    }

    private void AddResolved(ReadOnlySpan<int> symbols, List<int> ids)
    {
        Span<byte> buffer = stackalloc byte[4];
        var open = new Stack<int>();
        bool afterUnknown = false;
        foreach (int symbol in symbols)
        {
            open.Push(symbol);
            while (open.TryPop(out int next))
            {
                if (_unusedParts.TryGetValue(next, out (int Left, int Right) parts))
                {
                    open.Push(parts.Right);
                    open.Push(parts.Left);
                    continue;
                }

                bool unknown = next is >= PieceMergeTable.CharacterBase and < FrozenBase;
                if (unknown)
                {
                    int length = next >= InvalidBase ? 1 : new Rune(next - PieceMergeTable.CharacterBase).EncodeToUtf8(buffer);
                    buffer[0] = next >= InvalidBase ? (byte)(next - InvalidBase) : buffer[0];
                    Vocabulary.AddUnknown(buffer[..length], afterUnknown, ids);
                }
                else
                {
                    ids.Add(next >= FrozenBase ? next - FrozenBase : next);
                }

                afterUnknown = unknown;
            }
        }
    }
}
