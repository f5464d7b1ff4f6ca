using MoeSharp.Text.Decoding;
using MoeSharp.Text.Models;
using MoeSharp.Text.Normalization;

namespace MoeSharp.Text.SentencePiece;

/// <summary>Makes the parts of a tokenizer from a SentencePiece model.</summary>
internal static class SentencePieceParts
{
    /// <summary>The parts.</summary>
    /// <remarks>
    /// Control entries are special tokens that no text becomes, as in SentencePiece, unless <paramref name="recognisesControl"/>. On request the begin token
    /// stands in front.
    /// </remarks>
    public static TokenizerParts Create(SentencePieceModel model, bool recognisesControl)
    {
        int unknown = model.Pieces.Select((piece, id) => (piece, id)).First(entry => entry.piece.Type == PieceType.Unknown).id;
        var vocabulary = new PieceVocabulary(model.Pieces, unknown, model.ByteFallback);
        AddedToken[] control =
        [
            .. model.Pieces.Select((piece, id) => (piece, id)).Where(entry => entry.piece.Type == PieceType.Control)
                .Select(entry => new AddedToken(entry.id, entry.piece.Text, IsSpecial: true)),
        ];
        return new TokenizerParts
        {
            AddedTokens = control,
            RecognisesSpecial = recognisesControl,
            Normalizer = new PieceNormalizer(model.Spaces, model.Map, vocabulary.UserDefined, replacesInvalid: true),
            PreTokenizers = [],
            Model = model.IsBpe ? new PieceBpeModel(vocabulary) : new UnigramModel(vocabulary, singlePrecision: true),
            Prefix = [.. control.Where(token => token.Content == model.BeginPiece).Select(token => token.Id)],
            Decoding = DecodingRules.ForPieces(model.Spaces, (unknown, model.UnknownSurface)),
            Head = [],
            SentencePiece = model,
        };
    }
}
