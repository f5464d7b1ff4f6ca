using System.Text.Json;
using MoeSharp.Text.Patterns;
using MoeSharp.Text.PreTokenization;

namespace MoeSharp.Text.Json;

/// <summary>Reads <c>pre_tokenizer</c>; <c>ByteLevel</c> ends the list.</summary>
internal sealed class PreTokenizerReader
{
    private readonly string _file;
    private readonly List<IPreTokenizer> _steps = [];
    private bool _byteLevel;

    private PreTokenizerReader(string file)
    {
        _file = file;
    }

    /// <summary>Reads the element; nothing cuts when it is null.</summary>
    public static PreTokenizerParts Read(JsonElement? element, string file)
    {
        var reader = new PreTokenizerReader(file);
        if (element is JsonElement value)
        {
            reader.Add(value, "pre_tokenizer");
        }

        return new PreTokenizerParts(reader._steps, reader._byteLevel);
    }

    private void Add(JsonElement element, string path)
    {
        var fields = new JsonFields(element, _file, path);
        string? type = fields.Text("type");
        if (_byteLevel && type != "Sequence")
        {
            throw fields.FaultAt("type", $"is {type} after ByteLevel, which is not supported. ByteLevel must come last");
        }

        switch (type)
        {
            case "Sequence":
                int index = 0;
                foreach (JsonElement step in fields.List("pretokenizers").EnumerateArray())
                {
                    Add(step, $"{path}.pretokenizers[{index++}]");
                }

                break;
            case "Split":
                _steps.Add(ReadSplit(fields));
                break;
            case "Digits":
                bool each = fields.Flag("individual_digits", false);
                _steps.Add(new SplitPreTokenizer(new Pattern(SplitPatterns.Numeric), each ? SplitBehavior.Isolated : SplitBehavior.Contiguous, invert: false));
                break;
            case "Punctuation":
                _steps.Add(new SplitPreTokenizer(new Pattern(SplitPatterns.Punctuation), ReadBehavior(fields, SplitBehavior.Isolated), invert: false));
                break;
            case "Whitespace":
                _steps.Add(new SplitPreTokenizer(new Pattern(SplitPatterns.WordsAndSigns), SplitBehavior.Removed, invert: true));
                break;
            case "WhitespaceSplit":
                _steps.Add(new SplitPreTokenizer(new Pattern(SplitPatterns.Spaces), SplitBehavior.Removed, invert: false));
                break;
            case "Metaspace":
                MetaspaceField mark = MetaspaceField.Read(fields);
                _steps.Add(new MetaspacePreTokenizer(mark.Replacement, mark.Scheme, mark.Splits));
                break;
            case "ByteLevel":
                AddByteLevel(fields);
                break;
            default:
                throw fields.FaultAt("type", $"is {type ?? "missing"}, which is not supported. ByteLevel, Split, Digits, Punctuation, Whitespace, WhitespaceSplit, Metaspace and Sequence are");
        }

        fields.RefuseOthers();
    }

    private void AddByteLevel(JsonFields fields)
    {
        _byteLevel = true;
        fields.Flag("trim_offsets", true);
        if (fields.Flag("add_prefix_space", null))
        {
            _steps.Add(new PrefixSpacePreTokenizer());
        }

        if (fields.Flag("use_regex", true))
        {
            _steps.Add(new SplitPreTokenizer(new Pattern(SplitPatterns.Gpt2), SplitBehavior.Isolated, invert: false));
        }
    }

    private SplitPreTokenizer ReadSplit(JsonFields fields)
    {
        Pattern pattern = PatternField.Read(fields, _file, out _);
        return new SplitPreTokenizer(pattern, ReadBehavior(fields, null), fields.Flag("invert", null));
    }

    private static SplitBehavior ReadBehavior(JsonFields fields, SplitBehavior? whenMissing)
    {
        string? name = fields.Text("behavior");
        return name switch
        {
            "Isolated" => SplitBehavior.Isolated,
            "Removed" => SplitBehavior.Removed,
            "MergedWithPrevious" => SplitBehavior.MergedWithPrevious,
            "MergedWithNext" => SplitBehavior.MergedWithNext,
            "Contiguous" => SplitBehavior.Contiguous,
            null when whenMissing is SplitBehavior behavior => behavior,
            _ => throw fields.FaultAt("behavior", $"is {name ?? "missing"}, which is not known"),
        };
    }
}
