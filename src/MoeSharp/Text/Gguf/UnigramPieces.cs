using MoeSharp.Text.Models;
using MoeSharp.Text.Normalization;
using MoeSharp.Text.PreTokenization;
using MoeSharp.Text.SentencePiece;

namespace MoeSharp.Text.Gguf;

/// <summary>Writes a unigram <c>tokenizer.json</c> as a piece model again, as GGUF (model <c>t5</c>) and SentencePiece have it.</summary>
internal static class UnigramPieces
{
    private const float UnusedScore = -1e9f;

    /// <summary>The pieces; <see langword="null"/> for a tokenizer of another kind.</summary>
    /// <exception cref="ConfigException">Its normalizer or its cuts are not those of a SentencePiece model.</exception>
    public static SentencePieceModel? Create(Tokenizer tokenizer)
    {
        TokenizerParts parts = tokenizer.Parts;
        if (parts.Model is not UnigramModel model || parts.SentencePiece is not null)
        {
            return null;
        }

        if (!TryReadSpaces(parts, out SpaceRules spaces, out CharacterMap? map))
        {
            throw new ConfigException(
                "tokenizer for GGUF",
                "its unigram model stands behind a normalizer or cuts that GGUF cannot say. GGUF knows a character map, runs of spaces that become one, and a space in front, as SentencePiece has them.");
        }

        PieceVocabulary vocabulary = model.Vocabulary;
        if (vocabulary.UnknownId is not int unknown)
        {
            throw new ConfigException("tokenizer for GGUF", "its unigram model has no unknown entry (unk_id). GGUF needs one.");
        }

        Dictionary<int, AddedToken> added = parts.AddedTokens.ToDictionary(token => token.Id);
        return new SentencePieceModel
        {
            Pieces =
            [
                .. Enumerable.Range(0, tokenizer.VocabularySize).Select(id => tokenizer.TokenOf(id) is string text
                    ? new Piece(text, id < vocabulary.Count ? vocabulary[id].Score : 0, TypeOf(text, id, unknown, vocabulary, added))
                    : new Piece($"[PAD{id}]", UnusedScore, PieceType.Unused)),
            ],
            IsBpe = false,
            ByteFallback = vocabulary.HasByteFallback,
            Spaces = spaces,
            Map = map,
            BeginPiece = parts.Prefix.Count > 0 ? tokenizer.TokenOf(parts.Prefix[0])! : "",
        };
    }

    private static PieceType TypeOf(string text, int id, int unknown, PieceVocabulary vocabulary, Dictionary<int, AddedToken> added) =>
        id == unknown ? PieceType.Unknown
        : added.TryGetValue(id, out AddedToken? token) ? token.IsSpecial ? PieceType.Control : PieceType.UserDefined
        : vocabulary.HasByteFallback && BytePieces.TryRead(text, out _) ? PieceType.Byte
        : PieceType.Normal;

    /// <summary>The rules for spaces that the steps amount to: <c>[map] [strip] [runs of spaces to one]</c>, then <c>[words] marks</c>.</summary>
    private static bool TryReadSpaces(TokenizerParts parts, out SpaceRules spaces, out CharacterMap? map)
    {
        List<INormalizer> steps = parts.Normalizer switch
        {
            null => [],
            SequenceNormalizer sequence => [.. sequence.Steps],
            INormalizer single => [single],
        };
        map = steps is [CharacterMapNormalizer first, ..] ? first.Map : null;
        steps.RemoveRange(0, map is null ? 0 : 1);
        bool strips = steps is [StripNormalizer { StripsRight: true }, ..];
        steps.RemoveRange(0, strips ? 1 : 0);
        bool joins = steps is [ReplaceNormalizer { Matched: " {2,}", Replacement: " " or PieceVocabulary.SpaceMark }];
        steps.RemoveRange(0, joins ? 1 : 0);

        bool words = parts.PreTokenizers is [SplitPreTokenizer { Pattern.Source: SplitPatterns.Spaces, Behavior: SplitBehavior.Removed, Inverts: false }, _];
        var mark = (parts.PreTokenizers is [.., IPreTokenizer last] ? last : null) as MetaspacePreTokenizer;
        bool isKnown = steps.Count == 0 && parts.PreTokenizers.Count == (words ? 2 : 1) && mark?.Mark == PieceVocabulary.SpaceMark;
        MetaspaceScheme scheme = mark?.Scheme ?? MetaspaceScheme.Always;
        spaces = new SpaceRules(AddsDummy: scheme != MetaspaceScheme.Never, RemovesExtra: words || (strips && joins));

        // Other white space than spaces counts in these steps, and not in SentencePiece: there the map must make spaces of it.
        bool agrees = words || (strips && joins) ? map?.MakesSpacesOfWhiteSpace == true : !strips && !joins;
        return isKnown && agrees && !(words && scheme != MetaspaceScheme.Always);
    }
}
