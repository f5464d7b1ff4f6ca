using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using MoeSharp.Text.Models;
using MoeSharp.Text.Patterns;

namespace MoeSharp.Text.SentencePiece;

/// <summary>A unigram language model: of all ways to cut a text into entries, the one whose scores sum highest.</summary>
/// <remarks>
/// <para>Formula: <c>best[j] = maxᵢ best[i] + score(text[i..j])</c> over byte positions; the first found of equal sums wins. A character without an entry of
/// its own may be unknown, at the lowest score less 10.</para>
/// <para>Sums that are equal but for rounding are common (<c>aa·a</c> and <c>a·aa</c>), so sums are rounded as in the program that is followed: SentencePiece
/// keeps single precision from the beginning of the text, Hugging Face double.</para>
/// <para>Immutable; safe for concurrent use. Source: Kudo 2018, arXiv:1804.10959; google/sentencepiece, unigram_model.cc.</para>
/// </remarks>
internal sealed class UnigramModel : ITokenModel
{
    private const double UnknownPenalty = 10;
    private const int Unknown = -2;

    private readonly PieceTrie _trie = new();
    private readonly double _unknownScore;

    private readonly bool _singlePrecision;
    private readonly bool _cutsWords;
    private readonly double[] _scores;

    /// <summary>The model of a vocabulary.</summary>
    /// <param name="vocabulary">The entries.</param>
    /// <param name="singlePrecision">Whether sums are kept in single precision, as in SentencePiece.</param>
    /// <param name="cutsWords">Whether a text that comes in one piece is cut before marks first, as tokenizer files cut it: then sums begin
    /// with each word. Only marks that no entry reaches across are cut at.</param>
    public UnigramModel(PieceVocabulary vocabulary, bool singlePrecision, bool cutsWords = false)
    {
        _cutsWords = cutsWords;
        Vocabulary = vocabulary;
        _singlePrecision = singlePrecision;
        double smallest = double.PositiveInfinity;
        double largest = 0; // of logarithms, unless a file says otherwise; so a user-defined entry usually costs 0.1
        for (int id = 0; id < vocabulary.Count; id++)
        {
            (string text, float score, PieceType type) = vocabulary[id];
            if (type == PieceType.Normal)
            {
                (smallest, largest) = (Math.Min(smallest, score), Math.Max(largest, score));
            }

            if (type is PieceType.Normal or PieceType.UserDefined)
            {
                _trie.Add(text, id);
            }
        }

        _unknownScore = (double.IsFinite(smallest) ? smallest : 0) - UnknownPenalty;
        _unknownScore = singlePrecision ? (float)_unknownScore : _unknownScore;

        // A user-defined entry scores so that it wins over its parts; the length is in bytes.
        _scores = [.. vocabulary.Pieces.Select(piece => piece.Type == PieceType.UserDefined
            ? (Encoding.UTF8.GetByteCount(piece.Text) * largest) - 0.1
            : piece.Score)];
    }

    /// <summary>The entries.</summary>
    public PieceVocabulary Vocabulary { get; }

    /// <summary>The same model, in which no text becomes a special token by way of the entries: that is for added tokens to decide.</summary>
    public UnigramModel Without(IReadOnlyList<AddedToken> added)
    {
        HashSet<int> special = [.. added.Where(token => token.IsSpecial && token.Id < Count).Select(token => token.Id)];
        special.RemoveWhere(id => Vocabulary[id].Type != PieceType.Normal);
        return special.Count == 0 ? this : new UnigramModel(
            new PieceVocabulary(
                [.. Vocabulary.Pieces.Select((piece, id) => special.Contains(id) ? piece with { Type = PieceType.Control } : piece)],
                Vocabulary.UnknownId,
                Vocabulary.HasByteFallback),
            _singlePrecision,
            _cutsWords);
    }

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
            int end = _cutsWords ? Vocabulary.Cuts.End(piece, start) : piece.Length;
            EncodeWord(piece[start..end], ids, cache);
            start = end;
        }
    }

    private void EncodeWord(ReadOnlySpan<byte> piece, List<int> ids, WordCache cache)
    {
        // Double sums begin with each piece, so a word has the same entries everywhere; single ones depend on what stands before.
        bool cached = !_singlePrecision && piece.Length <= WordCache.LongestWord;
        if (cached && cache.TryGet(piece, out ReadOnlySpan<int> known))
        {
            ids.AddRange(known);
            return;
        }

        int first = ids.Count;
        End[] memory = ArrayPool<End>.Shared.Rent(piece.Length + 1);
        Span<End> ends = memory.AsSpan(0, piece.Length + 1);
        Cut(piece, ends);
        AddPath(piece, ends, ids);
        ArrayPool<End>.Shared.Return(memory);
        if (cached)
        {
            cache.Add(piece, CollectionsMarshal.AsSpan(ids)[first..]);
        }
    }

    private void Cut(ReadOnlySpan<byte> piece, Span<End> ends)
    {
        ends.Fill(new End(double.NegativeInfinity, 0, Unknown));
        ends[0] = new End(0, 0, Unknown);
        for (int start = 0; start < piece.Length;)
        {
            _ = CodePoints.Read(piece, start, out int length);
            if (!Extend(piece, start, length, ends))
            {
                double score = ends[start].Score + _unknownScore;
                Offer(ref ends[start + length], _singlePrecision ? (float)score : score, start, Unknown);
            }

            start += length;
        }
    }

    private void AddPath(ReadOnlySpan<byte> text, Span<End> ends, List<int> ids)
    {
        // Turn the way back into a way forward: each end learns where the next one is.
        int next = text.Length;
        for (int end = text.Length; end > 0;)
        {
            int start = ends[end].Start;
            (ends[end].Start, next, end) = (next, end, start);
        }

        bool afterUnknown = false;
        for (int start = 0; start < text.Length;)
        {
            int end = next;
            next = ends[end].Start;
            if (ends[end].Id == Unknown)
            {
                Vocabulary.AddUnknown(text[start..end], afterUnknown, ids);
            }
            else
            {
                ids.Add(ends[end].Id);
            }

            afterUnknown = ends[end].Id == Unknown;
            start = end;
        }
    }

    /// <summary>Offers every entry that begins at <paramref name="start"/>; whether one of them is just the first character.</summary>
    private bool Extend(ReadOnlySpan<byte> text, int start, int characterLength, Span<End> ends)
    {
        bool single = false;
        int node = 0;
        for (int position = start; position < text.Length; position++)
        {
            node = _trie.Child(node, text[position]);
            if (node == 0)
            {
                break;
            }

            int id = _trie.ValueOf(node);
            if (id >= 0)
            {
                single |= position + 1 - start == characterLength;
                Offer(ref ends[position + 1], ends[start].Score + _scores[id], start, id);
            }
        }

        return single;
    }

    private void Offer(ref End end, double score, int start, int id)
    {
        if (score > end.Score)
        {
            end = new End(_singlePrecision ? (float)score : score, start, id);
        }
    }

    /// <summary>The best way to a position: its sum, where its last entry begins, and that entry.</summary>
    private record struct End(double Score, int Start, int Id);
}
