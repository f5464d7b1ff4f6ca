using System.Text.Json;
using MoeSharp.Text.SentencePiece;

namespace MoeSharp.Text.Json;

/// <summary>Reads a <c>model</c> of type Unigram.</summary>
internal static class UnigramModelReader
{
    /// <summary>Reads entries and choices.</summary>
    public static UnigramModel Read(JsonFields fields)
    {
        JsonElement list = fields.List("vocab");
        int? unknown = fields.Optional("unk_id") is JsonElement id ? fields.IdOf(id, fields.At("unk_id")) : null;
        bool byteFallback = fields.Flag("byte_fallback", false);
        fields.RefuseOthers();
        if (unknown >= list.GetArrayLength())
        {
            throw fields.FaultAt("unk_id", $"is {unknown}, but there are {list.GetArrayLength()} entries");
        }

        var pieces = new List<Piece>(list.GetArrayLength());
        foreach (JsonElement entry in list.EnumerateArray())
        {
            string path = $"{fields.At("vocab")}[{pieces.Count}]";
            if (entry.ValueKind != JsonValueKind.Array || entry.GetArrayLength() != 2 || entry[1].ValueKind != JsonValueKind.Number)
            {
                throw fields.Fault(path, "must be a pair of a text and a score");
            }

            pieces.Add(new Piece(fields.TextOf(entry[0], path), entry[1].GetSingle(), pieces.Count == unknown ? PieceType.Unknown : PieceType.Normal));
        }

        PieceChecks.Check(pieces, (place, message) => fields.Fault($"{fields.At("vocab")}[{place}]", message.TrimEnd('.')));
        return new UnigramModel(new PieceVocabulary(pieces, unknown, byteFallback), singlePrecision: false);
    }
}
