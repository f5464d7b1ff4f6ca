using System.Text.Json;
using MoeSharp.Text.Normalization;
using MoeSharp.Text.Patterns;

namespace MoeSharp.Text.Json;

/// <summary>Reads <c>normalizer</c>.</summary>
internal static class NormalizerReader
{
    /// <summary>Reads the element; <see langword="null"/> when nothing is changed.</summary>
    public static INormalizer? Read(JsonElement? element, string file)
    {
        var steps = new List<INormalizer>();
        if (element is JsonElement value)
        {
            Add(value, file, "normalizer", steps);
        }

        return steps.Count switch
        {
            0 => null,
            1 => steps[0],
            _ => new SequenceNormalizer(steps),
        };
    }

    private static void Add(JsonElement element, string file, string path, List<INormalizer> steps)
    {
        var fields = new JsonFields(element, file, path);
        string? type = fields.Text("type");
        switch (type)
        {
            case "NFC":
                steps.Add(new NfcNormalizer());
                break;
            case "Sequence":
                int index = 0;
                foreach (JsonElement step in fields.List("normalizers").EnumerateArray())
                {
                    Add(step, file, $"{path}.normalizers[{index++}]", steps);
                }

                break;
            case "Prepend":
                steps.Add(new PrependNormalizer(fields.TextOf(fields.Required("prepend"), fields.At("prepend"))));
                break;
            case "Replace":
                Pattern pattern = PatternField.Read(fields, file, out string? literal);
                string content = fields.TextOf(fields.Required("content"), fields.At("content"));
                steps.Add(string.IsNullOrEmpty(literal) ? new ReplaceNormalizer(pattern, content) : new ReplaceNormalizer(literal, content));
                break;
            case "Strip":
                steps.Add(new StripNormalizer(fields.Flag("strip_left", null), fields.Flag("strip_right", null)));
                break;
            case "Precompiled":
                if (ReadMap(fields) is CharacterMap map)
                {
                    steps.Add(new CharacterMapNormalizer(map));
                }

                break;
            default:
                throw fields.FaultAt("type", $"is {type ?? "missing"}, which is not supported. NFC, Prepend, Replace, Strip, Precompiled and Sequence are");
        }

        fields.RefuseOthers();
    }

    private static CharacterMap? ReadMap(JsonFields fields)
    {
        JsonElement map = fields.Required("precompiled_charsmap");
        if (map.ValueKind != JsonValueKind.String || !map.TryGetBytesFromBase64(out byte[]? bytes))
        {
            throw fields.FaultAt("precompiled_charsmap", "must be base64 text");
        }

        try
        {
            return bytes.Length == 0 ? null : CharacterMap.Read(bytes);
        }
        catch (InvalidDataException exception)
        {
            throw fields.FaultAt("precompiled_charsmap", exception.Message.TrimEnd('.'));
        }
    }
}
