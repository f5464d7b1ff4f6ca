using System.Text.Json;

namespace MoeSharp.Text.Json;

/// <summary>Reads <c>post_processor</c> as the ids before and after a single text.</summary>
internal static class PostProcessorReader
{
    /// <summary>The ids in front and behind; both empty for <c>ByteLevel</c>, which only moves offsets.</summary>
    public static (List<int> Prefix, List<int> Suffix) Read(JsonElement? element, string file)
    {
        List<int> prefix = [];
        List<int> suffix = [];
        if (element is JsonElement value)
        {
            Read(value, file, "post_processor", prefix, suffix);
        }

        return (prefix, suffix);
    }

    private static void Read(JsonElement element, string file, string path, List<int> prefix, List<int> suffix)
    {
        var fields = new JsonFields(element, file, path);
        string? type = fields.Text("type");
        switch (type)
        {
            case "ByteLevel":
                fields.Flag("add_prefix_space", true);
                fields.Flag("trim_offsets", true);
                fields.Flag("use_regex", true);
                break;
            case "TemplateProcessing":
                ReadTemplate(fields, file, prefix, suffix);
                break;
            case "Sequence":
                int index = 0;
                foreach (JsonElement step in fields.List("processors").EnumerateArray())
                {
                    Read(step, file, $"{path}.processors[{index++}]", prefix, suffix);
                }

                break;
            default:
                throw fields.FaultAt("type", $"is {type ?? "missing"}, which is not supported. ByteLevel, TemplateProcessing and Sequence are");
        }

        fields.RefuseOthers();
    }

    private static void ReadTemplate(JsonFields fields, string file, List<int> prefix, List<int> suffix)
    {
        Dictionary<string, List<int>> specials = ReadSpecials(fields, file);

        // A later template wraps what an earlier one has made.
        List<int> before = [];
        List<int> after = [];
        bool textSeen = false;
        int index = 0;
        foreach (JsonElement element in fields.List("single").EnumerateArray())
        {
            var item = new JsonFields(element, file, $"{fields.At("single")}[{index++}]");
            if (item.Optional("Sequence") is JsonElement sequence)
            {
                string? name = new JsonFields(sequence, file, item.At("Sequence")).Text("id");
                if (name != "A" || textSeen)
                {
                    throw item.FaultAt("Sequence", "must be the text A, once");
                }

                textSeen = true;
            }
            else
            {
                string special = new JsonFields(item.Required("SpecialToken"), file, item.At("SpecialToken")).Text("id") ?? string.Empty;
                if (!specials.TryGetValue(special, out List<int>? ids))
                {
                    throw item.FaultAt("SpecialToken", $"is '{special}', which has no entry in special_tokens");
                }

                (textSeen ? after : before).AddRange(ids);
            }

            item.RefuseOthers();
        }

        if (!textSeen)
        {
            throw fields.FaultAt("single", "leaves the text out");
        }

        // Pairs of texts are never encoded here; their template is kept for saving, and must only name known tokens.
        if (fields.Optional("pair") is JsonElement pair)
        {
            CheckPair(fields, pair, file, specials);
        }

        prefix.InsertRange(0, before);
        suffix.AddRange(after);
    }

    private static void CheckPair(JsonFields fields, JsonElement pair, string file, Dictionary<string, List<int>> specials)
    {
        if (pair.ValueKind != JsonValueKind.Array)
        {
            throw fields.FaultAt("pair", "must be an array");
        }

        foreach (JsonElement element in pair.EnumerateArray())
        {
            var item = new JsonFields(element, file, fields.At("pair"));
            if (item.Optional("SpecialToken") is JsonElement special
                && new JsonFields(special, file, fields.At("pair")).Text("id") is string name && !specials.ContainsKey(name))
            {
                throw fields.FaultAt("pair", $"names '{name}', which has no entry in special_tokens");
            }
        }
    }

    private static Dictionary<string, List<int>> ReadSpecials(JsonFields fields, string file)
    {
        var specials = new Dictionary<string, List<int>>(StringComparer.Ordinal);
        JsonElement map = fields.Required("special_tokens");
        if (map.ValueKind != JsonValueKind.Object)
        {
            throw fields.FaultAt("special_tokens", "must be an object");
        }

        foreach (JsonProperty property in map.EnumerateObject())
        {
            string path = $"{fields.At("special_tokens")}['{property.Name}']";
            var entry = new JsonFields(property.Value, file, path);
            specials.Add(property.Name, [.. entry.List("ids").EnumerateArray().Select(id => entry.IdOf(id, path + ".ids"))]);
        }

        return specials;
    }
}
