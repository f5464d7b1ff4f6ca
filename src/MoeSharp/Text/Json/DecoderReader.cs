using System.Text.Json;
using MoeSharp.Text.Decoding;
using MoeSharp.Text.PreTokenization;

namespace MoeSharp.Text.Json;

/// <summary>Reads <c>decoder</c> as rules.</summary>
internal sealed class DecoderReader
{
    private readonly string _file;
    private DecodingRules _rules = new();
    private bool _fused;

    private DecoderReader(string file) => _file = file;

    /// <summary>Reads the element; without one, tokens are words with a space between two.</summary>
    public static DecodingRules Read(JsonElement? element, string file)
    {
        if (element is not JsonElement value)
        {
            return DecodingRules.Words;
        }

        var reader = new DecoderReader(file);
        reader.Add(value, "decoder");
        return reader._rules;
    }

    private void Add(JsonElement element, string path)
    {
        var fields = new JsonFields(element, _file, path);
        string? type = fields.Text("type");
        if (_fused && type is not ("Strip" or "Fuse" or "Sequence"))
        {
            throw fields.FaultAt("type", $"is {type ?? "missing"} after Fuse, which is not supported. Only Strip may follow it");
        }

        switch (type)
        {
            case "ByteLevel":
                // These three steer encoding and offsets; decoding does not look at them.
                fields.Flag("add_prefix_space", true);
                fields.Flag("trim_offsets", true);
                fields.Flag("use_regex", true);
                _rules = _rules with { ReadsByteAlphabet = true };
                break;
            case "ByteFallback":
                _rules = _rules with { ReadsBytePieces = true, FaultsByByte = true };
                break;
            case "Fuse":
                _fused = true;
                break;
            case "Replace":
                AddReplace(fields);
                break;
            case "Strip":
                AddStrip(fields);
                break;
            case "Metaspace":
                MetaspaceField mark = MetaspaceField.Read(fields);
                _rules = _rules with
                {
                    Replacements = [.. _rules.Replacements, (mark.Replacement, " ")],
                    LostByFirstToken = mark.Scheme == MetaspaceScheme.Never ? "" : mark.Replacement,
                };
                break;
            case "Sequence":
                int index = 0;
                foreach (JsonElement step in fields.List("decoders").EnumerateArray())
                {
                    Add(step, $"{path}.decoders[{index++}]");
                }

                break;
            default:
                throw fields.FaultAt("type", $"is {type ?? "missing"}, which is not supported. ByteLevel, ByteFallback, Fuse, Replace, Strip, Metaspace and Sequence are");
        }

        fields.RefuseOthers();
    }

    private void AddReplace(JsonFields fields)
    {
        _ = PatternField.Read(fields, _file, out string? literal);
        string content = fields.TextOf(fields.Required("content"), fields.At("content"));
        if (string.IsNullOrEmpty(literal))
        {
            throw fields.FaultAt("pattern", "is a regular expression or empty, which is not supported when decoding. A text is");
        }

        _rules = _rules with { Replacements = [.. _rules.Replacements, (literal, content)] };
    }

    private void AddStrip(JsonFields fields)
    {
        string content = fields.TextOf(fields.Required("content"), fields.At("content"));
        int start = fields.IdOf(fields.Required("start"), fields.At("start"));
        int stop = fields.IdOf(fields.Required("stop"), fields.At("stop"));
        if (content.Length != 1 || content[0] > 0x7F)
        {
            throw fields.FaultAt("content", "must be one ASCII character");
        }

        // A stream cannot know which token is the last, and a strip of every token would eat spaces between words.
        if (stop != 0 || (start != 0 && !_fused))
        {
            throw fields.FaultAt(stop != 0 ? "stop" : "start", "is above 0, which is supported only for start and after Fuse");
        }

        _rules = _rules with { Leading = content[0], LeadingCount = start };
    }
}
