using MoeSharp.Formats.Gguf;
using MoeSharp.Text.Decoding;
using MoeSharp.Text.Models;
using MoeSharp.Text.Normalization;
using MoeSharp.Text.SentencePiece;

namespace MoeSharp.Text.Gguf;

/// <summary>Vocabularies of model <c>llama</c> (SentencePiece byte-pair encoding) and <c>t5</c> (unigram).</summary>
internal static class GgufPieceVocabulary
{
    /// <summary>Reads a vocabulary.</summary>
    public static GgufVocabulary Read(GgufMetadata metadata, bool isBpe)
    {
        var tokens = new GgufTokens(metadata, addsBegin: isBpe, addsEnd: !isBpe, isBpe ? 1 : null, isBpe ? 2 : 1);
        float[] scores = metadata.GetOptionalNumbers(GgufKeys.Scores) ?? new float[tokens.Texts.Count];
        tokens.CheckCount(GgufKeys.Scores, scores.Length);
        int unknown = tokens.IdOf(GgufKeys.Unknown) ?? (isBpe ? 0 : Math.Min(2, tokens.Texts.Count - 1));
        Piece[] pieces = [.. tokens.Texts.Select((text, id) => new Piece(text, scores[id], TypeOf(tokens, id, unknown)))];
        PieceChecks.Check(pieces, (place, message) => metadata.Fault(GgufKeys.Tokens, $"[{place}] {message}"));

        var model = new SentencePieceModel
        {
            Pieces = pieces,
            IsBpe = isBpe,
            ByteFallback = pieces.Any(piece => piece.Type == PieceType.Byte),
            Spaces = new SpaceRules(
                AddsDummy: metadata.GetOptionalFlag(GgufKeys.AddsSpace) ?? isBpe,
                RemovesExtra: metadata.GetOptionalFlag(GgufKeys.RemovesSpaces) ?? false),
            Map = ReadMap(metadata),
            BeginPiece = tokens.BeginId is int begin ? tokens.Texts[begin] : "",
        };
        var vocabulary = new PieceVocabulary(pieces, unknown, model.ByteFallback);
        var tokenizer = new Tokenizer(new TokenizerParts
        {
            AddedTokens = tokens.AddedTokens(),
            Normalizer = new PieceNormalizer(model.Spaces, model.Map, userDefined: null, replacesInvalid: false),
            PreTokenizers = [],
            Model = isBpe ? new PieceBpeModel(vocabulary) : new UnigramModel(vocabulary, singlePrecision: false, cutsWords: true),
            Prefix = tokens.Prefix,
            Suffix = tokens.Suffix,
            Decoding = DecodingRules.ForPieces(model.Spaces, surface: null),
            Head = [],
            SentencePiece = model,
        });
        return new GgufVocabulary(tokenizer, metadata, tokens.BeginId, tokens.EndId);
    }

    /// <summary>Writes a vocabulary.</summary>
    public static void Write(SentencePieceModel model, GgufMetadata metadata)
    {
        if (model.Spaces.AsSuffix || !model.Spaces.Escapes)
        {
            throw new ConfigException("tokenizer for GGUF", "it adds the space behind a text or does not write spaces as U+2581. GGUF cannot say so.");
        }

        metadata.Set(GgufKeys.Model, GgufValue.Of(model.IsBpe ? "llama" : "t5"));
        metadata.Set(GgufKeys.Pre, GgufValue.Of("default"));
        metadata.Set(GgufKeys.Tokens, GgufValue.Of(GgufTexts.Create([.. model.Pieces.Select(piece => piece.Text)])));
        metadata.Set(GgufKeys.Scores, GgufValue.Of((float[])[.. model.Pieces.Select(piece => piece.Score)]));
        metadata.Set(GgufKeys.Types, GgufValue.Of((int[])[.. model.Pieces.Select(piece => (int)piece.Type)]));
        metadata.Set(GgufKeys.Unknown, GgufValue.Of((uint)model.Pieces.TakeWhile(piece => piece.Type != PieceType.Unknown).Count()));
        metadata.Set(GgufKeys.AddsSpace, GgufValue.Of(model.Spaces.AddsDummy));
        metadata.Set(GgufKeys.RemovesSpaces, GgufValue.Of(model.Spaces.RemovesExtra));
        if (model.Map is not null)
        {
            metadata.Set(GgufKeys.CharacterMap, GgufValue.Of(model.Map.Source));
        }
    }

    /// <summary>One entry is the unknown one, whatever the file calls it and others.</summary>
    private static PieceType TypeOf(GgufTokens tokens, int id, int unknown)
    {
        PieceType type = tokens.Types[id];
        if (id == unknown)
        {
            return PieceType.Unknown;
        }

        return type == PieceType.Unknown ? PieceType.Control : type;
    }

    private static CharacterMap? ReadMap(GgufMetadata metadata)
    {
        if (metadata.GetOptionalInts(GgufKeys.CharacterMap) is not int[] bytes || bytes.Length == 0)
        {
            return null;
        }

        try
        {
            return CharacterMap.Read([.. bytes.Select(value => unchecked((byte)value))]);
        }
        catch (InvalidDataException exception)
        {
            throw metadata.Fault(GgufKeys.CharacterMap, exception.Message);
        }
    }
}
