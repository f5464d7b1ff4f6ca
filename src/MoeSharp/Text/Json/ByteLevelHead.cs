using System.Text.Encodings.Web;
using System.Text.Json;
using MoeSharp.Text.PreTokenization;

namespace MoeSharp.Text.Json;

/// <summary>Makes the head of a <c>tokenizer.json</c> for a byte-level tokenizer that comes from elsewhere.</summary>
internal static class ByteLevelHead
{
    /// <summary>The parts other than the model, as JSON text by key; none when the format cannot say it.</summary>
    /// <param name="added">Added tokens.</param>
    /// <param name="composesCharacters">Whether text is normalised to form C.</param>
    /// <param name="patterns">Cuts, in order, each match a piece of its own.</param>
    /// <param name="addsSpace">Whether a space is put in front.</param>
    /// <param name="prefix">Ids that are added in front on request.</param>
    /// <param name="suffix">Ids that are added behind on request.</param>
    /// <param name="texts">Tokens by id.</param>
    public static IReadOnlyList<KeyValuePair<string, string>> Create(
        IReadOnlyList<AddedToken> added,
        bool composesCharacters,
        IReadOnlyList<string> patterns,
        bool addsSpace,
        IReadOnlyList<int> prefix,
        IReadOnlyList<int> suffix,
        IReadOnlyList<string> texts) => addsSpace && patterns is not [SplitPatterns.Gpt2] ? [] :
    [
        new("version", "\"1.0\""),
        new("truncation", "null"),
        new("padding", "null"),
        new("added_tokens", Added(added)),
        new("normalizer", composesCharacters ? "{\"type\":\"NFC\"}" : "null"),
        new("pre_tokenizer", Text(json => WritePreTokenizer(json, patterns, addsSpace))),
        new("post_processor", prefix.Count + suffix.Count == 0
            ? Text(json => WriteByteLevel(json))
            : Template(prefix, suffix, id => texts[id])),
        new("decoder", Text(json => WriteByteLevel(json))),
    ];

    /// <summary>The value of <c>added_tokens</c>.</summary>
    public static string Added(IReadOnlyList<AddedToken> added) => Text(json => WriteAdded(json, added));

    /// <summary>The value of <c>post_processor</c> for tokens in front and behind.</summary>
    public static string Template(IReadOnlyList<int> prefix, IReadOnlyList<int> suffix, Func<int, string> textOf) =>
        Text(json => WriteTemplate(json, prefix, suffix, textOf));

    private static void WriteAdded(Utf8JsonWriter json, IReadOnlyList<AddedToken> added)
    {
        json.WriteStartArray();
        foreach (AddedToken token in added)
        {
            json.WriteStartObject();
            json.WriteNumber("id", token.Id);
            json.WriteString("content", token.Content);
            json.WriteBoolean("single_word", token.SingleWord);
            json.WriteBoolean("lstrip", token.LeftStrip);
            json.WriteBoolean("rstrip", token.RightStrip);
            json.WriteBoolean("normalized", token.Normalized);
            json.WriteBoolean("special", token.IsSpecial);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WritePreTokenizer(Utf8JsonWriter json, IReadOnlyList<string> patterns, bool addsSpace)
    {
        if (addsSpace)
        {
            // The space must come before the cut, and only this form does both in that order.
            WriteByteLevel(json, addsSpace, cuts: true);
            return;
        }

        json.WriteStartObject();
        json.WriteString("type", "Sequence");
        json.WriteStartArray("pretokenizers");
        foreach (string pattern in patterns)
        {
            json.WriteStartObject();
            json.WriteString("type", "Split");
            json.WriteStartObject("pattern");
            json.WriteString("Regex", pattern);
            json.WriteEndObject();
            json.WriteString("behavior", "Isolated");
            json.WriteBoolean("invert", false);
            json.WriteEndObject();
        }

        WriteByteLevel(json);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteByteLevel(Utf8JsonWriter json, bool addsSpace = false, bool cuts = false)
    {
        json.WriteStartObject();
        json.WriteString("type", "ByteLevel");
        json.WriteBoolean("add_prefix_space", addsSpace);
        json.WriteBoolean("trim_offsets", true);
        json.WriteBoolean("use_regex", cuts);
        json.WriteEndObject();
    }

    private static void WriteTemplate(Utf8JsonWriter json, IReadOnlyList<int> prefix, IReadOnlyList<int> suffix, Func<int, string> textOf)
    {
        json.WriteStartObject();
        json.WriteString("type", "TemplateProcessing");
        foreach (string key in (string[])["single", "pair"])
        {
            json.WriteStartArray(key);
            WriteSpecial(json, prefix, textOf);
            WriteSequence(json, "A", 0);
            WriteSpecial(json, suffix, textOf);
            if (key == "pair")
            {
                WriteSpecial(json, prefix, textOf);
                WriteSequence(json, "B", 1);
                WriteSpecial(json, suffix, textOf);
            }

            json.WriteEndArray();
        }

        json.WriteStartObject("special_tokens");
        foreach (int id in prefix.Concat(suffix).Distinct())
        {
            json.WriteStartObject(textOf(id));
            json.WriteString("id", textOf(id));
            json.WriteStartArray("ids");
            json.WriteNumberValue(id);
            json.WriteEndArray();
            json.WriteStartArray("tokens");
            json.WriteStringValue(textOf(id));
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteSpecial(Utf8JsonWriter json, IReadOnlyList<int> ids, Func<int, string> textOf)
    {
        foreach (int id in ids)
        {
            WriteItem(json, "SpecialToken", textOf(id), 0);
        }
    }

    private static void WriteSequence(Utf8JsonWriter json, string id, int type) => WriteItem(json, "Sequence", id, type);

    private static void WriteItem(Utf8JsonWriter json, string kind, string id, int type)
    {
        json.WriteStartObject();
        json.WriteStartObject(kind);
        json.WriteString("id", id);
        json.WriteNumber("type_id", type);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static string Text(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            write(json);
        }

        return System.Text.Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}
