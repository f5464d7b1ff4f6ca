using System.Text.Json;
using MoeSharp.Formats;
using MoeSharp.Layers;
using MoeSharp.Tensors.Autograd.Ops;
using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>A published <c>config.json</c> while a family reads it.</summary>
/// <remarks>Nothing is thrown before <see cref="ThrowIfNotUnderstood"/>, which reports everything at once: missing keys, values of the
/// wrong kind, and keys that nobody asked for and that may change the mathematics.</remarks>
internal sealed class HfConfig
{
    private const int LongestValue = 80;

    private readonly JsonConfig _json;

    /// <summary>Starts reading.</summary>
    public HfConfig(JsonConfig json)
    {
        _json = json;
        json.Ignore(HarmlessKeys.All);
    }

    /// <summary>True when something was wrong so far.</summary>
    public bool IsFaulty => _json.Faults.Count > 0;

    /// <summary>Adds a fault.</summary>
    public void Fault(string sentence) => _json.AddFault(sentence);

    /// <summary>True when the key is there and not null.</summary>
    public bool Has(string key) => _json.Has(key);

    /// <summary>True when the key is not there at all; null is there.</summary>
    public bool IsAbsent(string key) => !_json.Keys.Contains(key);

    /// <summary>A whole number that must be there.</summary>
    public int Int(string key) => _json.GetInt(key);

    /// <summary>A whole number, or the family's default.</summary>
    public int Int(string key, int absent) => _json.GetIntOr(key, absent);

    /// <summary>The number of layers. One beyond all reason is a fault and counts as 0, so that nobody makes lists of that length.</summary>
    /// <param name="key">The key.</param>
    /// <param name="absent">The family's default; null where the key must be there.</param>
    public int LayerCount(string key, int? absent = null)
    {
        int count = absent is { } usual ? Int(key, usual) : Int(key);
        if (count <= DecoderConfig.MaxLayerCount)
        {
            return count;
        }

        Fault($"{key} is {count}. At most {DecoderConfig.MaxLayerCount:N0} layers are built.");
        return 0;
    }

    /// <summary>A whole number, or null.</summary>
    public int? OptionalInt(string key) => _json.GetOptionalInt(key);

    /// <summary>A number, or the family's default.</summary>
    public double Number(string key, double absent) => _json.GetDoubleOr(key, absent);

    /// <summary>A number, or null.</summary>
    public double? OptionalNumber(string key) => _json.GetOptionalDouble(key);

    /// <summary>True or false, or the family's default.</summary>
    public bool Flag(string key, bool absent) => _json.GetBoolOr(key, absent);

    /// <summary>A text, or the family's default.</summary>
    public string Text(string key, string absent) => _json.GetStringOr(key, absent);

    /// <summary>One whole number or a list of them, as <c>eos_token_id</c> has; empty when absent or null.</summary>
    public NumberList Numbers(string key) => NumberList.Create(_json.GetOptionalInts(key) ?? []);

    /// <summary>A whole number that a file may repeat once a layer.</summary>
    /// <param name="key">The key.</param>
    /// <param name="absent">The family's default.</param>
    public int IntOfAllLayers(string key, int absent)
    {
        NumberList numbers = Numbers(key);
        if (numbers.Any(number => number != numbers[0]))
        {
            Fault($"{key} differs from layer to layer, which is not supported. All layers must have the same.");
        }

        return numbers.Count == 0 ? absent : numbers[0];
    }

    /// <summary>Adds a fault when a text is given and is not the only one that is supported.</summary>
    public void Require(string key, string expected)
    {
        if (Text(key, expected) is var text && text != expected)
        {
            Fault($"{key} is \"{text}\", which is not supported. Supported is \"{expected}\".");
        }
    }

    /// <summary>Passes over keys that change nothing in this family.</summary>
    public void Ignore(params ReadOnlySpan<string> keys) => _json.Ignore(keys);

    /// <summary>True for true, any number but 0, and any text: what Python takes for true.</summary>
    public bool IsTruthy(string key, bool absent)
    {
        if (!_json.TryGetElement(key, out JsonElement value))
        {
            return IsAbsent(key) && absent;
        }

        return value.ValueKind switch
        {
            JsonValueKind.False => false,
            JsonValueKind.Number => value.GetDouble() != 0,
            JsonValueKind.String => value.GetString()!.Length > 0,
            _ => true,
        };
    }

    /// <summary>A section, to be read like a file of its own; one that is not there is empty.</summary>
    public HfConfig Nested(string key) => new(Section(key) ?? JsonConfig.Parse(_json.Name, "{}"u8));

    /// <summary>Accepts that some weights are stored in a way that the family's layout knows.</summary>
    /// <param name="method">Its <c>quant_method</c>.</param>
    public void AcceptQuantization(string method)
    {
        if (Section("quantization_config") is { } section)
        {
            if (section.GetOptionalString("quant_method") is var given && given != method)
            {
                Fault($"quantization_config.quant_method is \"{given}\", which is not supported here. Supported is \"{method}\".");
            }

            section.Ignore([.. section.Keys]);
        }
    }

    /// <summary>A list of texts; null when absent or null.</summary>
    public IReadOnlyList<string>? Texts(string key) => _json.GetOptionalStrings(key);

    /// <summary>An object; null when absent or null.</summary>
    public JsonConfig? Section(string key) => _json.GetOptionalSection(key);

    /// <summary>The activation named by <c>hidden_act</c>.</summary>
    public Activation Activation()
    {
        string name = Text("hidden_act", "silu");
        if (HfNames.ActivationOf(name) is { } activation)
        {
            return activation;
        }

        Fault($"hidden_act is \"{name}\", which is not known. Known are {HfNames.KnownActivations}.");
        return Tensors.Autograd.Ops.Activation.Silu;
    }

    /// <summary>Rotation, in the style of either time: <c>rope_theta</c> and <c>rope_scaling</c>, or <c>rope_parameters</c>.</summary>
    /// <param name="absentTheta">The base when no key names one.</param>
    public RotaryConfig Rotary(double absentTheta) => HfRotary.Read(this, absentTheta);

    /// <summary>Ends the reading.</summary>
    /// <param name="family">The <c>model_type</c>.</param>
    /// <exception cref="ConfigException">Something was wrong or not understood.</exception>
    public void ThrowIfNotUnderstood(string family)
    {
        if (_json.UnreadKeys.Contains("quantization_config") && Section("quantization_config") is { } section
            && section.Keys.Any())
        {
            AcceptBlockScales(section);
        }

        foreach (string key in _json.UnreadKeys)
        {
            if (key[(key.LastIndexOf('.') + 1)..].StartsWith('_') || Find(key) is not { } value || IsNeutral(key, value))
            {
                continue;
            }

            string text = value.GetRawText();
            Fault($"{key} is {(text.Length <= LongestValue ? text : text[..LongestValue] + "...")}, which family '{family}' does not "
                + "understand. It may change the mathematics, so the model is not loaded.");
        }

        _json.ThrowIfFaulty();
    }

    // Any family may be stored in FP8 with a scale for each block; the pairs are decoded where tensors are read.
    private void AcceptBlockScales(JsonConfig section)
    {
        const int block = BlockScales.BlockLength;
        string? method = section.GetOptionalString("quant_method"), format = section.GetOptionalString("fmt");
        int[] blocks = section.GetOptionalInts("weight_block_size") ?? [];
        if (method != "fp8" || format is not (null or "e4m3") || !blocks.AsSpan().SequenceEqual([block, block]))
        {
            Fault($"quantization_config: checkpoints quantised by \"{method}\" with blocks of [{string.Join(", ", blocks)}] are not supported here. "
                + $"Use the float or BF16 weights, or fp8 (e4m3) with blocks of [{block}, {block}].");
        }

        section.Ignore([.. section.Keys]);
    }

    // Absent, off and empty say the same in a published config.json; so do multipliers of one and noise of zero.
    private static bool IsNeutral(string key, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False => true,
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        JsonValueKind.Number => HarmlessKeys.NeutralNumbers.TryGetValue(key, out double neutral) && value.GetDouble() == neutral,
        _ => false,
    };

    private JsonElement? Find(string key)
    {
        if (_json.TryGetElement(key, out JsonElement value))
        {
            return value;
        }

        JsonConfig section = _json;
        for (int dot = key.IndexOf('.', StringComparison.Ordinal); dot > 0; dot = key.IndexOf('.', StringComparison.Ordinal))
        {
            if (section.GetOptionalSection(key[..dot]) is not { } inner)
            {
                return null;
            }

            (section, key) = (inner, key[(dot + 1)..]);
        }

        return section.TryGetElement(key, out value) ? value : null;
    }
}
