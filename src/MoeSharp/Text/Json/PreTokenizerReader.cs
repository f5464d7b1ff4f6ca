using System.Text.Json;
using MoeSharp.Text.Patterns;
using MoeSharp.Text.PreTokenization;

namespace MoeSharp.Text.Json;

/// <summary>Reads <c>pre_tokenizer</c>: <c>Sequence</c>, <c>Split</c>, <c>Digits</c> and <c>ByteLevel</c>, the last of which ends the list.</summary>
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
            case "ByteLevel":
                AddByteLevel(fields);
                break;
            default:
                throw fields.FaultAt("type", $"is {type ?? "missing"}, which is not supported. ByteLevel, Split, Digits and Sequence are");
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
        var patternFields = new JsonFields(fields.Required("pattern"), _file, fields.At("pattern"));
        string? regex = patternFields.Text("Regex");
        string? literal = patternFields.Text("String");
        patternFields.RefuseOthers();
        if ((regex is null) == (literal is null))
        {
            throw fields.FaultAt("pattern", "must have either Regex or String");
        }

        string? name = fields.Text("behavior");
        SplitBehavior? behavior = name switch
        {
            "Isolated" => SplitBehavior.Isolated,
            "Removed" => SplitBehavior.Removed,
            "MergedWithPrevious" => SplitBehavior.MergedWithPrevious,
            "MergedWithNext" => SplitBehavior.MergedWithNext,
            "Contiguous" => SplitBehavior.Contiguous,
            _ => throw fields.FaultAt("behavior", $"is {name ?? "missing"}, which is not known"),
        };
        bool invert = fields.Flag("invert", null);
        try
        {
            return new SplitPreTokenizer(new Pattern(regex ?? Escape(literal!)), behavior.Value, invert);
        }
        catch (PatternSyntaxException exception)
        {
            throw fields.FaultAt("pattern", exception.Message);
        }
    }

    private static string Escape(string literal) =>
        string.Concat(literal.Select(character => char.IsAscii(character) && !char.IsAsciiLetterOrDigit(character) && !char.IsControl(character)
            ? "\\" + character
            : character.ToString()));
}
