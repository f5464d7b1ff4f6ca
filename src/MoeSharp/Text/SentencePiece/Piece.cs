namespace MoeSharp.Text.SentencePiece;

/// <summary>One entry of a piece vocabulary; its id is its place in the list.</summary>
/// <param name="Text">The text, spaces written as U+2581.</param>
/// <param name="Score">The higher, the earlier it is merged (byte-pair encoding) or the likelier it is (unigram: a natural logarithm).</param>
/// <param name="Type">What it is for.</param>
internal readonly record struct Piece(string Text, float Score, PieceType Type);
