using MoeSharp.Text.Normalization;

namespace MoeSharp.Text.SentencePiece;

/// <summary>The contents of a <c>tokenizer.model</c>, as far as encoding and decoding need them.</summary>
internal sealed record SentencePieceModel
{
    /// <summary>The entries by id.</summary>
    public required IReadOnlyList<Piece> Pieces { get; init; }

    /// <summary>Whether text is merged by score (byte-pair encoding) rather than cut by likelihood (unigram).</summary>
    public required bool IsBpe { get; init; }

    /// <summary>Whether text without an entry becomes its bytes.</summary>
    public bool ByteFallback { get; init; }

    /// <summary>What happens to spaces.</summary>
    public SpaceRules Spaces { get; init; } = new();

    /// <summary>The replacements of characters; <see langword="null"/> for none.</summary>
    public CharacterMap? Map { get; init; }

    /// <summary>The text of the begin token, when there is one among the control entries.</summary>
    public string BeginPiece { get; init; } = "<s>";

    /// <summary>What an unknown token decodes to.</summary>
    public string UnknownSurface { get; init; } = " \u2047 ";

    /// <summary>The bytes of the file, to be written back; <see langword="null"/> for a model that comes from elsewhere.</summary>
    public byte[]? Source { get; init; }
}
