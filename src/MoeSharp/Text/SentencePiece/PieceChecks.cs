namespace MoeSharp.Text.SentencePiece;

/// <summary>What must hold of a list of pieces before a vocabulary is made of it.</summary>
internal static class PieceChecks
{
    /// <summary>Refuses an empty list, entries without text, repeated, too long, or of an unknown type, and byte entries that are not written as bytes.</summary>
    /// <param name="pieces">The list.</param>
    /// <param name="fault">Makes the exception for the entry at a place.</param>
    public static void Check(IReadOnlyList<Piece> pieces, Func<int, string, Exception> fault)
    {
        if (pieces.Count == 0)
        {
            throw fault(0, "is missing. There must be at least one entry.");
        }

        var seen = new Dictionary<string, int>(pieces.Count, StringComparer.Ordinal);
        for (int id = 0; id < pieces.Count; id++)
        {
            (string text, float score, PieceType type) = pieces[id];
            if (text.Length == 0)
            {
                throw fault(id, "has no text.");
            }

            if (!seen.TryAdd(text, id))
            {
                throw fault(id, $"is '{text}', which the entry {seen[text]} is already.");
            }

            if (type is < PieceType.Normal or > PieceType.Byte)
            {
                throw fault(id, $"is '{text}' of type {(int)type}, which is not known. 1 to 6 are.");
            }

            if (!float.IsFinite(score))
            {
                throw fault(id, $"is '{text}' with the score {score}. Scores must be finite.");
            }

            if (type == PieceType.Byte && !Models.BytePieces.TryRead(text, out _))
            {
                throw fault(id, $"is '{text}' of type byte. Bytes are written <0x00> to <0xFF>.");
            }

            if (PieceVocabulary.IsText(type) && text.Length > PieceMergeTable.LongestPiece)
            {
                throw fault(id, $"has {text.Length} characters. At most {PieceMergeTable.LongestPiece} are supported.");
            }
        }
    }
}
