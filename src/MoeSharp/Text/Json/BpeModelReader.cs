using System.Text.Json;
using MoeSharp.Text.Models;

namespace MoeSharp.Text.Json;

/// <summary>Reads a <c>model</c> of type BPE.</summary>
internal static class BpeModelReader
{
    /// <summary>Reads vocabulary, merges and choices.</summary>
    public static BpeModel Read(JsonFields fields, bool byteLevel)
    {
        RefuseUnsupported(fields);
        Dictionary<string, int> ids = ReadVocabulary(fields);
        MergeTable merges = ReadMerges(fields, ids);
        string? unknown = fields.Text("unk_token");
        if (unknown is not null && !ids.ContainsKey(unknown))
        {
            throw fields.FaultAt("unk_token", $"is '{unknown}', which is not in the vocabulary");
        }

        var options = new BpeOptions(byteLevel, unknown, fields.Flag("fuse_unk", false), fields.Flag("ignore_merges", false), fields.Flag("byte_fallback", false));
        fields.RefuseOthers();
        return new BpeModel(new Vocabulary(ids), merges, options);
    }

    private static void RefuseUnsupported(JsonFields fields)
    {
        if (fields.Optional("dropout") is JsonElement dropout && !(dropout.ValueKind == JsonValueKind.Number && dropout.GetDouble() == 0))
        {
            throw fields.FaultAt("dropout", $"is {dropout.GetRawText()}, which would make encoding random. Set it to null");
        }

        foreach (string key in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
        {
            if (fields.Text(key) is string text && text.Length > 0)
            {
                throw fields.FaultAt(key, $"is '{text}', which is not supported. Byte-level vocabularies leave it empty");
            }
        }
    }

    private static Dictionary<string, int> ReadVocabulary(JsonFields fields)
    {
        JsonElement vocabulary = fields.Required("vocab");
        if (vocabulary.ValueKind != JsonValueKind.Object)
        {
            throw fields.FaultAt("vocab", "must be an object of tokens and ids");
        }

        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        var owners = new Dictionary<int, string>();
        foreach (JsonProperty entry in vocabulary.EnumerateObject())
        {
            string token = entry.Name;
            int id = fields.IdOf(entry.Value, $"{fields.At("vocab")}['{token}']");
            if (!owners.TryAdd(id, token))
            {
                throw fields.FaultAt("vocab", $"gives the id {id} to both '{owners[id]}' and '{token}'. Ids must differ");
            }

            ids.Add(token, id);
        }

        return ids.Count > 0 ? ids : throw fields.FaultAt("vocab", "is empty");
    }

    private static MergeTable ReadMerges(JsonFields fields, Dictionary<string, int> ids)
    {
        JsonElement list = fields.List("merges");
        var merges = new MergeTable(list.GetArrayLength());
        JsonValueKind? kind = null;
        int rank = 0;
        foreach (JsonElement merge in list.EnumerateArray())
        {
            string path = $"{fields.At("merges")}[{rank}]";
            kind ??= merge.ValueKind;
            if (merge.ValueKind != kind)
            {
                throw fields.Fault(path, "is written in another form than the merges before it. All must be strings or all pairs");
            }

            (string left, string right) = ReadPair(fields, merge, path);
            if (!ids.TryGetValue(left, out int leftId) || !ids.TryGetValue(right, out int rightId))
            {
                throw fields.Fault(path, $"joins '{left}' and '{right}', but '{(ids.ContainsKey(left) ? right : left)}' is not in the vocabulary");
            }

            if (!ids.TryGetValue(left + right, out int result))
            {
                throw fields.Fault(path, $"joins '{left}' and '{right}' to '{left + right}', which is not in the vocabulary");
            }

            if (!merges.TryAdd(leftId, rightId, rank++, result))
            {
                throw fields.Fault(path, $"joins '{left}' and '{right}', which an earlier merge does already");
            }
        }

        return merges;
    }

    private static (string Left, string Right) ReadPair(JsonFields fields, JsonElement merge, string path)
    {
        if (merge.ValueKind == JsonValueKind.Array)
        {
            return merge.GetArrayLength() == 2
                ? (fields.TextOf(merge[0], path), fields.TextOf(merge[1], path))
                : throw fields.Fault(path, $"has {merge.GetArrayLength()} parts. A merge joins two");
        }

        string text = fields.TextOf(merge, path);
        int space = text.IndexOf(' ', StringComparison.Ordinal);
        return space >= 0 && text.IndexOf(' ', space + 1) < 0
            ? (text[..space], text[(space + 1)..])
            : throw fields.Fault(path, $"is '{text}', which is not two parts with one space between them");
    }
}
