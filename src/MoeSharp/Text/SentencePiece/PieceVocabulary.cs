using MoeSharp.Text.Models;

namespace MoeSharp.Text.SentencePiece;

/// <summary>The entries of a piece model with their scores and types. Immutable.</summary>
/// <remarks>Entries must differ; the caller checks that.</remarks>
internal sealed class PieceVocabulary
{
    /// <summary>How a space is written inside an entry: U+2581, lower one eighth block.</summary>
    public const string SpaceMark = "\u2581";

    private readonly Piece[] _pieces;

    /// <summary>A vocabulary of these entries.</summary>
    /// <param name="pieces">The entries by id.</param>
    /// <param name="unknownId">The entry for text without one; <see langword="null"/> when such text is an error.</param>
    /// <param name="byteFallback">Whether text without an entry becomes its bytes, where they have entries.</param>
    public PieceVocabulary(IReadOnlyList<Piece> pieces, int? unknownId, bool byteFallback)
    {
        _pieces = [.. pieces];
        UnknownId = unknownId;
        HasByteFallback = byteFallback;
        var ids = new Dictionary<string, int>(_pieces.Length, StringComparer.Ordinal);
        for (int id = 0; id < _pieces.Length; id++)
        {
            ids.Add(_pieces[id].Text, id);
        }

        Ids = new Vocabulary(ids);
        Bytes = new BytePieces(byteFallback ? Ids : null);
        Cuts = new SpaceCuts(_pieces.Where(piece => IsText(piece.Type)).Select(piece => piece.Text));
        AddedToken[] userDefined =
        [
            .. from id in Enumerable.Range(0, _pieces.Length)
               where _pieces[id].Type == PieceType.UserDefined
               select new AddedToken(id, _pieces[id].Text, IsSpecial: false),
        ];
        UserDefined = userDefined.Length == 0 ? null : new AddedTokenMatcher(userDefined, null);
    }

    /// <summary>Number of entries.</summary>
    public int Count => _pieces.Length;

    /// <summary>Texts and ids, both ways.</summary>
    public Vocabulary Ids { get; }

    /// <summary>The entries of single bytes.</summary>
    public BytePieces Bytes { get; }

    /// <summary>Where a text may be cut.</summary>
    public SpaceCuts Cuts { get; }

    /// <summary>Finds entries that are always one token; <see langword="null"/> when there are none.</summary>
    public AddedTokenMatcher? UserDefined { get; }

    /// <summary>The entry for text without one.</summary>
    public int? UnknownId { get; }

    /// <summary>Whether text without an entry becomes its bytes.</summary>
    public bool HasByteFallback { get; }

    /// <summary>The entries by id.</summary>
    public IReadOnlyList<Piece> Pieces => _pieces;

    /// <summary>One entry.</summary>
    public Piece this[int id] => _pieces[id];

    /// <summary>Whether entries of a type are found in text.</summary>
    public static bool IsText(PieceType type) => type is PieceType.Normal or PieceType.UserDefined or PieceType.Unused;

    /// <summary>Adds the ids of text without an entry: its bytes, or the unknown entry unless <paramref name="afterUnknown"/>.</summary>
    /// <exception cref="ArgumentException">There is no unknown entry.</exception>
    public void AddUnknown(ReadOnlySpan<byte> text, bool afterUnknown, List<int> ids)
    {
        if (Bytes.TryAdd(text, ids) || (afterUnknown && UnknownId is not null))
        {
            return;
        }

        ids.Add(UnknownId ?? throw new ArgumentException(
            $"tokenizer: the bytes {Convert.ToHexString(text)} have no token, and the vocabulary names no unknown token. Leave them out of the text."));
    }
}
