using MoeSharp.Text.Models;
using MoeSharp.Text.Normalization;
using MoeSharp.Text.PreTokenization;
using MoeSharp.Text.SentencePiece;

namespace MoeSharp.Text.Gguf;

/// <summary>Writes byte pairs with byte fallback (the <c>tokenizer.json</c> that converters make of a SentencePiece model) as pieces with scores again.</summary>
internal static class PairPieces
{
    /// <summary>Below every score of a merge: an entry that no merge makes.</summary>
    private const float Unmade = -1e9f;

    /// <summary>The pieces; <see langword="null"/> for a tokenizer of another kind.</summary>
    /// <remarks>
    /// A piece scores less the later it is first made. In such files every pair that makes a piece is a merge, and merges are in the order of scores, so
    /// that scores say the same as merges.
    /// </remarks>
    public static SentencePieceModel? Create(Tokenizer tokenizer)
    {
        TokenizerParts parts = tokenizer.Parts;
        if (parts.Model is not BpeModel { Options: { ByteLevel: false, ByteFallback: true } } model || !TryReadSpaces(parts, out bool addsSpace))
        {
            return null;
        }

        float[] scores = new float[tokenizer.VocabularySize];
        Array.Fill(scores, Unmade);
        int rank = 0;
        foreach ((int left, int right) in model.Merges.InOrder())
        {
            _ = model.Merges.RankOf(left, right, out int result);
            scores[result] = Math.Max(scores[result], -rank++);
        }

        Dictionary<int, AddedToken> added = parts.AddedTokens.ToDictionary(token => token.Id);
        int unknown = model.Options.UnknownToken is string name && model.TryGetId(name, out int id) ? id : -1;
        Piece[] pieces =
        [
            .. Enumerable.Range(0, scores.Length).Select(token => tokenizer.TokenOf(token) is string text
                ? new Piece(text, scores[token], TypeOf(text, token, unknown, added))
                : new Piece($"[PAD{token}]", Unmade, PieceType.Unused)),
        ];
        return unknown < 0 ? null : new SentencePieceModel
        {
            Pieces = pieces,
            IsBpe = true,
            ByteFallback = true,
            Spaces = new SpaceRules(AddsDummy: addsSpace, RemovesExtra: false),
        };
    }

    private static PieceType TypeOf(string text, int id, int unknown, Dictionary<int, AddedToken> added) =>
        id == unknown ? PieceType.Unknown
        : added.TryGetValue(id, out AddedToken? token) ? token.IsSpecial ? PieceType.Control : PieceType.UserDefined
        : BytePieces.TryRead(text, out _) ? PieceType.Byte
        : PieceType.Normal;

    /// <summary>Whether spaces become marks and nothing else changes, and whether one is added in front.</summary>
    private static bool TryReadSpaces(TokenizerParts parts, out bool addsSpace)
    {
        IReadOnlyList<INormalizer> steps = parts.Normalizer switch
        {
            null => [],
            SequenceNormalizer sequence => sequence.Steps,
            INormalizer single => [single],
        };
        addsSpace = steps is [PrependNormalizer { Prefix: PieceVocabulary.SpaceMark }, ..];
        if (parts.PreTokenizers is [MetaspacePreTokenizer { Mark: PieceVocabulary.SpaceMark, Splits: false } mark])
        {
            addsSpace = mark.Scheme != MetaspaceScheme.Never;
            return steps.Count == 0;
        }

        return parts.PreTokenizers.Count == 0 && steps.Count == (addsSpace ? 2 : 1)
            && steps[^1] is ReplaceNormalizer { Replaced: (" ", PieceVocabulary.SpaceMark) };
    }
}
